/** What is in the volumes that are made of API objects: configMap, secret, downwardAPI and projected. */
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
} from "#api/builtin/types.gen.ts";
import { fieldValue } from "../spec/downward.ts";
import { resourceValue } from "../spec/resources.ts";
import { VolumeError, type VolumeFile } from "./volume.ts";

const FILE_MODE = 0o644;
const TOKEN_MODE = 0o600;

/** Where the content comes from. */
export type Sources = {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  /** The token for a projection; the same projection object gets the same token until it is renewed. */
  token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>;
};

export type PayloadInput = {
  pod: Pod;
  sources: Sources;
  nodeName: string;
  /** Owner of the tokens, when all containers run as one user. */
  user: number | undefined;
};

/** The kinds of objects that a volume shows. */
export type Reference = { kind: "ConfigMap" | "Secret"; name: string };

/** Every object that a volume shows, to learn when it changes. */
export function referencesOf(volume: Volume): Reference[] {
  const { configMap, secret, projected } = volume;
  const sources = projected?.sources ?? [];
  return [
    ...[configMap, ...sources.map((source) => source.configMap)].flatMap((source) =>
      source?.name ? [{ kind: "ConfigMap" as const, name: source.name }] : [],
    ),
    ...[secret?.secretName, ...sources.map((source) => source.secret?.name)].flatMap((name) =>
      name ? [{ kind: "Secret" as const, name }] : [],
    ),
  ];
}

/** The files of a volume; undefined for volumes of other kinds. Throws VolumeError when something is missing. */
export async function payloadOf(volume: Volume, input: PayloadInput): Promise<VolumeFile[] | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return await configMapFiles(configMap.name ?? "", configMap, input);
  if (secret) return await secretFiles(secret.secretName ?? "", secret, input);
  if (downwardAPI) return downwardFiles(downwardAPI.items, downwardAPI.defaultMode, input);
  if (!projected) return undefined;
  const { sources = [], defaultMode } = projected;
  const parts = await Promise.all(
    sources.map(async (source) => {
      if (source.configMap)
        return configMapFiles(source.configMap.name ?? "", { ...source.configMap, defaultMode }, input);
      if (source.secret) return secretFiles(source.secret.name ?? "", { ...source.secret, defaultMode }, input);
      if (source.downwardAPI) return downwardFiles(source.downwardAPI.items, defaultMode, input);
      if (source.serviceAccountToken) return [await tokenFile(source.serviceAccountToken, defaultMode, input)];
      throw new VolumeError(
        `projected source ${Object.keys(source)[0] ?? "none"} is not supported by this node: use configMap, secret, downwardAPI or serviceAccountToken`,
      );
    }),
  );
  return parts.flat();
}

type Selection = { items?: KeyToPath[] | undefined; defaultMode?: number | undefined; optional?: boolean | undefined };

async function configMapFiles(
  name: string,
  selection: Selection,
  { pod, sources }: PayloadInput,
): Promise<VolumeFile[]> {
  const map = await sources.configMap(pod.metadata.namespace ?? "", name);
  if (!map && !selection.optional) throw new VolumeError(`configmap "${name}" not found`);
  const data = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(map?.data ?? {})) data.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(map?.binaryData ?? {})) data.set(key, Buffer.from(value, "base64"));
  return select(data, selection, (key) => `configmap references non-existent config key: ${key}`);
}

async function secretFiles(name: string, selection: Selection, { pod, sources }: PayloadInput): Promise<VolumeFile[]> {
  const secret = await sources.secret(pod.metadata.namespace ?? "", name);
  if (!secret && !selection.optional) throw new VolumeError(`secret "${name}" not found`);
  const entries = Object.entries(secret?.data ?? {});
  const data = new Map(entries.map(([key, value]) => [key, Buffer.from(value, "base64")]));
  return select(data, selection, (key) => `references non-existent secret key: ${key}`);
}

function select(
  data: ReadonlyMap<string, Uint8Array>,
  { items, defaultMode = FILE_MODE, optional }: Selection,
  missing: (key: string) => string,
): VolumeFile[] {
  if (!items) return [...data].map(([path, content]) => ({ path, content, mode: defaultMode }));
  return items.flatMap(({ key, path, mode }) => {
    const content = data.get(key);
    if (content) return [{ path, content, mode: mode ?? defaultMode }];
    if (optional) return [];
    throw new VolumeError(missing(key));
  });
}

function downwardFiles(
  items: readonly DownwardAPIVolumeFile[] = [],
  defaultMode: number | undefined,
  { pod, nodeName }: PayloadInput,
): VolumeFile[] {
  const running = { pod, podIP: "", hostIP: "", nodeName };
  return items.map(({ path, fieldRef, resourceFieldRef, mode }) => {
    const own = pod.spec.containers.find(({ name }) => name === resourceFieldRef?.containerName);
    const text = fieldRef
      ? fieldValue(fieldRef.fieldPath, running)
      : resourceFieldRef && own
        ? resourceValue(resourceFieldRef, pod, own)
        : "";
    return { path, content: Buffer.from(text), mode: mode ?? defaultMode ?? FILE_MODE };
  });
}

async function tokenFile(
  projection: ServiceAccountTokenProjection,
  defaultMode: number | undefined,
  { pod, sources, user }: PayloadInput,
): Promise<VolumeFile> {
  const content = Buffer.from(await sources.token(pod, projection));
  // Readable for the one user or group that needs it, not for everybody in the container.
  const isPrivate = user !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
  return { path: projection.path, content, mode: isPrivate ? TOKEN_MODE : (defaultMode ?? FILE_MODE), uid: user };
}
