/** How an intent's images may be read: the pull secrets of its service account and its own. */
import { Secret, ServiceAccount } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { PodIntent } from "#api/conventions.carto.run/index.ts";
import { isObject } from "#kit/json.ts";
import { ConventionFailure, type Credentials, type Reader } from "../convention.ts";

const DOCKER_HUB = new Set(["index.docker.io", "registry-1.docker.io", "docker.io"]);

/** Credentials by host, or undefined when there are no pull secrets. Throws ConventionFailure without the service account. */
export async function pullCredentials(intent: PodIntent, reader: Reader): Promise<Credentials | undefined> {
  const { namespace = "" } = intent.metadata;
  const { serviceAccountName = "default", imagePullSecrets = [] } = intent.spec;
  const account = await reader.get(ServiceAccount, serviceAccountName, namespace);
  if (!account)
    throw new ConventionFailure(
      "ImageResolutionFailed",
      `failed to authenticate: serviceaccounts "${serviceAccountName}" not found`,
    );
  const names = [...(account.imagePullSecrets ?? []), ...imagePullSecrets].flatMap(({ name }) => (name ? [name] : []));
  const secrets = await Promise.all([...new Set(names)].map((name) => reader.get(Secret, name, namespace)));
  const byHost = new Map<string, string>();
  for (const secret of secrets)
    for (const [host, header] of secret ? headersOf(secret) : []) if (!byHost.has(host)) byHost.set(host, header);
  return byHost.size === 0 ? undefined : async (host) => byHost.get(DOCKER_HUB.has(host) ? "docker.io" : host);
}

/** Authorization headers by host, from either form of Docker configuration. Throws ConventionFailure when it does not parse. */
function headersOf(secret: k8s.Secret): [host: string, header: string][] {
  const { data = {} } = secret;
  const modern = data[".dockerconfigjson"];
  const text = modern ?? data[".dockercfg"];
  if (text === undefined) return [];
  try {
    const config = JSON.parse(Buffer.from(text, "base64").toString()) as Record<string, unknown>;
    const entries = modern === undefined ? config : config.auths;
    return Object.entries(isObject(entries) ? entries : {}).flatMap(([key, entry]) => {
      const header = headerOf(entry);
      return header ? [[hostOf(key), header] as [string, string]] : [];
    });
  } catch (error) {
    const { name, namespace } = secret.metadata;
    const message = `failed to authenticate: secret ${namespace}/${name} is not a Docker configuration`;
    throw new ConventionFailure("ImageResolutionFailed", message, { cause: error });
  }
}

function headerOf(entry: unknown): string | undefined {
  if (!isObject(entry)) return undefined;
  const { auth, username, password } = entry as Record<string, string | undefined>;
  const encoded = auth ?? (username ? Buffer.from(`${username}:${password ?? ""}`).toString("base64") : undefined);
  return encoded ? `Basic ${encoded}` : undefined;
}

/** Keys are hosts, or URLs as `docker login` writes them. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/")[0] ?? key;
  return DOCKER_HUB.has(host) ? "docker.io" : host;
}
