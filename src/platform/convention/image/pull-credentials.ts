/** How an intent's images may be read: the pull secrets of its service account and its own. */
import { Secret, ServiceAccount } from "#api/builtin/index.ts";
import type { PodIntent } from "#api/conventions.carto.run/index.ts";
import { ImageError, type RegistryCredentials } from "#ports/oci/image.ts";
import { pullCredentials } from "#ports/oci/pull-secrets.ts";
import { ConventionFailure, type Reader } from "../convention.ts";

/** Credentials, or undefined when there are no pull secrets. Throws ConventionFailure without the service account, and for a secret that cannot be read. */
export async function intentCredentials(intent: PodIntent, reader: Reader): Promise<RegistryCredentials | undefined> {
  const { namespace = "" } = intent.metadata;
  const { serviceAccountName = "default", imagePullSecrets = [] } = intent.spec;
  const account = await reader.get(ServiceAccount, serviceAccountName, namespace);
  if (!account) throw failed(`serviceaccounts "${serviceAccountName}" not found`);
  const names = [...(account.imagePullSecrets ?? []), ...imagePullSecrets].flatMap(({ name }) => name || []);
  const found = await Promise.all([...new Set(names)].map((name) => reader.get(Secret, name, namespace)));
  const secrets = found.filter((secret) => secret !== undefined);
  if (secrets.length === 0) return undefined;
  try {
    return pullCredentials(secrets);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw failed(error.message, error);
  }
}

function failed(why: string, cause?: unknown): ConventionFailure {
  return new ConventionFailure("ImageResolutionFailed", `failed to authenticate: ${why}`, { cause });
}
