/** The machine's Debian packages, read from dpkg's database files. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export type DebianPackage = {
  name: string;
  version: string;
  architecture: string;
  /** The control paragraph without the state of this machine, as scanners expect it in `status.d`. */
  control: string;
};

/** The installed packages of these names; undefined when the machine has no dpkg database. */
export async function readPackages(root: string, names: readonly string[]): Promise<DebianPackage[] | undefined> {
  const status = await readFile(join(root, "var/lib/dpkg/status"), "utf8").catch(() => undefined);
  if (status === undefined) return undefined;
  return parseStatus(status).filter(({ name }) => names.includes(name));
}

/** The installed packages of a dpkg status file, sorted by name. */
export function parseStatus(status: string): DebianPackage[] {
  const packages = status.split(/\n\n+/).flatMap((paragraph) => parseParagraph(paragraph) ?? []);
  return packages.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Absolute paths of everything that the package installed. */
export async function readFileList(root: string, { name, architecture }: DebianPackage): Promise<string[]> {
  const info = join(root, "var/lib/dpkg/info");
  const read = (file: string): Promise<string> => readFile(join(info, file), "utf8");
  const text = await read(`${name}:${architecture}.list`).catch(() => read(`${name}.list`));
  return text.split("\n").filter((path) => path !== "" && path !== "/.");
}

function parseParagraph(paragraph: string): DebianPackage | undefined {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, "m").exec(paragraph)?.[1] ?? "";
  const [name, version, architecture] = [field("Package"), field("Version"), field("Architecture")];
  if (!name || !version || field("Status") !== "install ok installed") return undefined;
  const control = paragraph.replace(/^Status: .*\n/m, "").replace(/^Conffiles:\n(?: .*\n?)+/m, "");
  return { name, version, architecture, control: `${control.trim()}\n` };
}
