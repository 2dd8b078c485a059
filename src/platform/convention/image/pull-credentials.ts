/** How an intent's images may be read: the pull secrets of its service account and its own. */
import { Secret, ServiceAccount } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { PodIntent } from "#api/conventions.carto.run/index.ts";
import { parseDockerConfig, registryHost } from "#ports/oci/docker-config.ts";
import { ConventionFailure, type Credentials, type Reader } from "../convention.ts";

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
  return byHost.size === 0 ? undefined : async (host) => byHost.get(registryHost(host));
}

/** Authorization headers by host, from either form of Docker configuration. Throws ConventionFailure when it does not parse. */
function headersOf({ data = {}, metadata }: k8s.Secret): ReadonlyMap<string, string> {
  const { ".dockerconfigjson": modern, ".dockercfg": old } = data;
  const decode = (value: string): string => Buffer.from(value, "base64").toString();
  try {
    if (modern !== undefined) return parseDockerConfig(decode(modern), "config.json");
    return old === undefined ? new Map() : parseDockerConfig(decode(old), ".dockercfg");
  } catch (error) {
    const message = `failed to authenticate: secret ${metadata.namespace}/${metadata.name} is not a Docker configuration`;
    throw new ConventionFailure("ImageResolutionFailed", message, { cause: error });
  }
}
