/** Volumes of a pod as directories on the host, and where they are mounted. */
import { chmod, mkdir, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Container, KeyToPath, Volume } from "#api/builtin/types.gen.ts";
import { type Mount, SandboxError } from "#ports/sandbox/runtime.ts";
import { fieldValue, type RunningPod } from "./downward.ts";
import type { References } from "./environment.ts";

type File = { path: string; content: Uint8Array; mode: number };

/** Host path of each volume by name. */
export type Volumes = ReadonlyMap<string, { path: string; readOnly: boolean }>;

const FILE_MODE = 0o644;

/** Makes the pod's volumes below `directory`. Throws SandboxError when one cannot be had. */
export async function prepareVolumes(running: RunningPod, references: References, directory: string): Promise<Volumes> {
  const volumes = new Map<string, { path: string; readOnly: boolean }>();
  for (const volume of running.pod.spec.volumes ?? [])
    volumes.set(volume.name, await prepare(volume, { running, references, directory }));
  return volumes;
}

type Place = { running: RunningPod; references: References; directory: string };

async function prepare(volume: Volume, place: Place): Promise<{ path: string; readOnly: boolean }> {
  const path = join(place.directory, volume.name);
  if (volume.hostPath) return { path: volume.hostPath.path, readOnly: false };
  if (volume.emptyDir) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    return { path, readOnly: false };
  }
  const files = await filesOf(volume, place);
  if (!files) {
    const kind = Object.keys(volume).find((key) => key !== "name") ?? "none";
    throw failed(volume, `volumes of type ${kind} are not supported by this node`);
  }
  await writeAtomically(path, files);
  return { path, readOnly: true };
}

async function filesOf(volume: Volume, place: Place): Promise<File[] | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return await configMapFiles(volume, configMap.name ?? "", configMap, place);
  if (secret) return await secretFiles(volume, secret.secretName ?? "", secret, place);
  if (downwardAPI) return downwardFiles(downwardAPI.items, downwardAPI.defaultMode, place);
  if (!projected) return undefined;
  const all: File[] = [];
  for (const source of projected.sources ?? []) {
    const { defaultMode } = projected;
    if (source.configMap)
      all.push(
        ...(await configMapFiles(volume, source.configMap.name ?? "", { ...source.configMap, defaultMode }, place)),
      );
    else if (source.secret)
      all.push(...(await secretFiles(volume, source.secret.name ?? "", { ...source.secret, defaultMode }, place)));
    else if (source.downwardAPI) all.push(...downwardFiles(source.downwardAPI.items, defaultMode, place));
    else
      throw failed(
        volume,
        "projected sources other than configMap, secret and downwardAPI are not supported by this node",
      );
  }
  return all;
}

type Selection = { items?: KeyToPath[] | undefined; defaultMode?: number | undefined; optional?: boolean | undefined };

async function configMapFiles(volume: Volume, name: string, selection: Selection, place: Place): Promise<File[]> {
  const map = await place.references.configMap(place.running.pod.metadata.namespace ?? "", name);
  if (!map && !selection.optional) throw failed(volume, `configmap "${name}" not found`);
  const text = Object.entries(map?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
  const binary = Object.entries(map?.binaryData ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, "base64")] as const,
  );
  return select(volume, new Map([...text, ...binary]), selection);
}

async function secretFiles(volume: Volume, name: string, selection: Selection, place: Place): Promise<File[]> {
  const secret = await place.references.secret(place.running.pod.metadata.namespace ?? "", name);
  if (!secret && !selection.optional) throw failed(volume, `secret "${name}" not found`);
  const data = Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")] as const);
  return select(volume, new Map(data), selection);
}

function downwardFiles(
  items: NonNullable<Volume["downwardAPI"]>["items"] = [],
  defaultMode: number | undefined,
  { running }: Place,
): File[] {
  return items.map(({ path, fieldRef, mode }) => ({
    path,
    content: Buffer.from(fieldRef ? fieldValue(fieldRef.fieldPath, running) : ""),
    mode: mode ?? defaultMode ?? FILE_MODE,
  }));
}

function select(volume: Volume, data: ReadonlyMap<string, Uint8Array>, selection: Selection): File[] {
  const { defaultMode = FILE_MODE } = selection;
  if (!selection.items) return [...data].map(([path, content]) => ({ path, content, mode: defaultMode }));
  return selection.items.flatMap(({ key, path, mode }) => {
    const content = data.get(key);
    if (content) return [{ path, content, mode: mode ?? defaultMode }];
    if (selection.optional) return [];
    throw failed(volume, `references non-existent key: ${key}`);
  });
}

/** The layout that readers know: `..data` points to the files, every name points through it. */
async function writeAtomically(directory: string, files: readonly File[]): Promise<void> {
  const data = join(directory, "..data.files");
  await rm(directory, { recursive: true, force: true });
  await mkdir(data, { recursive: true });
  for (const { path, content, mode } of files) {
    const file = join(data, safe(path));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, mode);
  }
  await symlink("..data.files", join(directory, "..data_tmp"));
  await rename(join(directory, "..data_tmp"), join(directory, "..data"));
  const names = new Set(files.map(({ path }) => safe(path).split("/")[0] ?? ""));
  for (const name of names) await symlink(join("..data", name), join(directory, name));
}

/** A relative path that stays below its directory. Throws SandboxError otherwise. */
function safe(path: string): string {
  const clean = normalize(path);
  if (clean.startsWith("/") || clean.split("/").includes(".."))
    throw new SandboxError("CreateContainerConfigError", `path "${path}" must be relative and must not contain ".."`);
  return clean;
}

/** The mounts of a container. Throws SandboxError when a mount has no volume. */
export async function containerMounts(container: Container, volumes: Volumes): Promise<Mount[]> {
  return await Promise.all(
    (container.volumeMounts ?? []).map(async (mount) => {
      const volume = volumes.get(mount.name);
      if (!volume) {
        const message = `cannot find volume "${mount.name}" to mount into container "${container.name}"`;
        throw new SandboxError("CreateContainerConfigError", message);
      }
      const source = mount.subPath ? await resolveSubPath(volume, mount.subPath) : volume.path;
      return { source, target: mount.mountPath, readOnly: volume.readOnly || mount.readOnly === true };
    }),
  );
}

/** A path inside a volume. Links that a container left there must not lead out of it. */
async function resolveSubPath(volume: { path: string; readOnly: boolean }, subPath: string): Promise<string> {
  const path = join(volume.path, safe(subPath));
  const outside = new SandboxError(
    "CreateContainerConfigError",
    `subPath "${subPath}" is not a path inside its volume`,
  );
  const root = await realpath(volume.path);
  const found = await realpath(path).catch(() => undefined);
  if (found !== undefined) {
    if (found !== root && !found.startsWith(`${root}/`)) throw outside;
    return found;
  }
  const parent = await realpath(dirname(path)).catch(() => undefined);
  if (parent === undefined || !(parent === root || parent.startsWith(`${root}/`))) throw outside;
  await mkdir(path);
  return path;
}

function failed(volume: Volume, why: string): SandboxError {
  return new SandboxError(
    "CreateContainerConfigError",
    `MountVolume.SetUp failed for volume "${volume.name}" : ${why}`,
  );
}
