/** Registry credentials out of the Secrets that Kubernetes keeps them in. Pure. */
import { parseDockerConfig, registryHost } from "./docker-config.ts";
import { ImageError } from "./image.ts";

export type PullSecret = { metadata: { name: string; namespace?: string }; data?: Record<string, string> };

/** The Authorization header for a host; the first Secret that knows it counts. Throws ImageError for one that is no Docker configuration. */
export function pullCredentials(secrets: readonly PullSecret[]): (host: string) => Promise<string | undefined> {
  const headers = new Map<string, string>();
  for (const secret of secrets)
    for (const [host, header] of headersOf(secret)) if (!headers.has(host)) headers.set(host, header);
  return async (host) => headers.get(registryHost(host));
}

function headersOf({ data = {}, metadata }: PullSecret): ReadonlyMap<string, string> {
  const decode = (value: string): string => Buffer.from(value, "base64").toString();
  const { ".dockerconfigjson": modern, ".dockercfg": old } = data;
  try {
    if (modern !== undefined) return parseDockerConfig(decode(modern), "config.json");
    return old === undefined ? new Map() : parseDockerConfig(decode(old), ".dockercfg");
  } catch (error) {
    const message = `secret "${metadata.namespace}/${metadata.name}" is not a Docker configuration`;
    throw new ImageError("ErrImagePull", message, { cause: error });
  }
}
