/** How a source image may be read: the pull secrets of the ImageRepository and of its service account. */
import { Secret, ServiceAccount } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ImageRepository } from "#api/source.apps.tanzu.vmware.com/image-repository.ts";
import type { Context } from "#engine/controller/controller.ts";
import { ImageError, type RegistryCredentials } from "#ports/oci/image.ts";
import { pullCredentials } from "#ports/oci/pull-secrets.ts";

/** Throws ImageError when a service account or secret that is named does not exist or cannot be read. */
export async function imageCredentials(
  { metadata, spec }: ImageRepository,
  context: Pick<Context, "get">,
): Promise<RegistryCredentials> {
  const { namespace } = metadata;
  const account = spec.serviceAccountName && (await context.get(ServiceAccount, spec.serviceAccountName, namespace));
  if (spec.serviceAccountName && !account)
    throw new ImageError("ErrImagePull", `serviceaccount "${namespace}/${spec.serviceAccountName}" not found`);
  const references = [...(spec.imagePullSecrets ?? []), ...((account || undefined)?.imagePullSecrets ?? [])];
  const secrets: k8s.Secret[] = [];
  for (const name of new Set(references.flatMap((reference) => reference.name ?? []))) {
    const secret = await context.get(Secret, name, namespace);
    if (!secret) throw new ImageError("ErrImagePull", `secret "${namespace}/${name}" not found`);
    secrets.push(secret);
  }
  return pullCredentials(secrets);
}
