/** How a source image may be read: the pull secrets of the ImageRepository and of its service account. */
import { Secret, ServiceAccount } from "#api/builtin/index.ts";
import type { ImageRepository } from "#api/source.apps.tanzu.vmware.com/image-repository.ts";
import type { Context } from "#engine/controller/controller.ts";
import { ImageError } from "#ports/oci/image.ts";
import { type PullSecret, pullCredentials } from "#ports/oci/pull-secrets.ts";

/** The Authorization header for a host, or undefined to go without. */
export type Credentials = (host: string) => Promise<string | undefined>;

/** Throws ImageError when a service account or secret that is named does not exist or cannot be read. */
export async function imageCredentials(
  { metadata, spec }: ImageRepository,
  context: Pick<Context, "get">,
): Promise<Credentials> {
  const { namespace } = metadata;
  const account = spec.serviceAccountName && (await context.get(ServiceAccount, spec.serviceAccountName, namespace));
  if (spec.serviceAccountName && !account)
    throw new ImageError("ErrImagePull", `serviceaccount "${namespace}/${spec.serviceAccountName}" not found`);
  const references = [...(spec.imagePullSecrets ?? []), ...((account || undefined)?.imagePullSecrets ?? [])];
  const secrets: PullSecret[] = [];
  for (const name of new Set(references.flatMap((reference) => reference.name ?? []))) {
    const secret = await context.get(Secret, name, namespace);
    if (!secret) throw new ImageError("ErrImagePull", `secret "${namespace}/${name}" not found`);
    secrets.push(secret as PullSecret);
  }
  return pullCredentials(secrets);
}
