/** The software bill of materials of a Node.js image, as CycloneDX 1.5. */
import { arch } from "node:process";
import type { LockedPackage } from "./lock.ts";
import type { Project } from "./project.ts";

type Hash = { alg: string; content: string };
type License = { license: { id: string } } | { expression: string };

export type Component = {
  type: "library" | "application";
  "bom-ref": string;
  name: string;
  version?: string;
  purl?: string;
  group?: string;
  hashes?: Hash[];
  licenses?: License[];
};

export type Sbom = {
  bomFormat: "CycloneDX";
  specVersion: "1.5";
  version: 1;
  metadata: { component: Component };
  components: Component[];
};

const ALGORITHMS: { readonly [prefix: string]: string } = { sha1: "SHA-1", sha256: "SHA-256", sha512: "SHA-512" };

/** Every package of the lock file once, and Node.js itself. Without times and random numbers, so that it can be reproduced. */
export function renderSbom(project: Project, nodeVersion: string): Sbom {
  const { name = "application", version } = project.packageJson;
  const byPurl = new Map((project.lock?.packages ?? []).map((one) => [purlOf(one), toComponent(one)]));
  const components = [...byPurl.values()].sort((left, right) => (left["bom-ref"] < right["bom-ref"] ? -1 : 1));
  const application: Component = { type: "application", "bom-ref": "application", name, ...(version && { version }) };
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: application },
    components: [nodeComponent(nodeVersion), ...components],
  };
}

/** The package URL, with the scope percent-encoded as the specification of npm purls wants. */
export function purlOf({ name, version }: Pick<LockedPackage, "name" | "version">): string {
  return `pkg:npm/${name.replace("@", "%40")}@${encodeURIComponent(version)}`;
}

function toComponent(one: LockedPackage): Component {
  const [scope, short] = one.name.startsWith("@") ? one.name.split("/") : [undefined, one.name];
  const purl = purlOf(one);
  const hashes = hashesOf(one.integrity ?? "");
  return {
    type: "library",
    "bom-ref": purl,
    ...(scope && { group: scope }),
    name: short ?? one.name,
    version: one.version,
    ...(hashes.length > 0 && { hashes }),
    ...(one.license && { licenses: [licenseOf(one.license)] }),
    purl,
  };
}

function nodeComponent(version: string): Component {
  const purl = `pkg:generic/node@${version}?arch=${arch}`;
  return { type: "application", "bom-ref": purl, name: "node", version, purl };
}

function licenseOf(text: string): License {
  return /^[\w.+-]+$/.test(text) ? { license: { id: text } } : { expression: text };
}

/** Subresource integrity is base64, CycloneDX wants hex. */
function hashesOf(integrity: string): Hash[] {
  return integrity.split(/\s+/).flatMap((text) => {
    const [prefix = "", value] = text.split("-", 2);
    const alg = ALGORITHMS[prefix];
    return alg && value ? [{ alg, content: Buffer.from(value, "base64").toString("hex") }] : [];
  });
}
