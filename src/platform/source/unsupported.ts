/** What upstream's GitRepository can and ours cannot: said, never ignored. Pure. */
import type { GitRepository } from "#api/source.toolkit.fluxcd.io/git-repository.ts";

/** Why the spec cannot be honoured, or undefined. */
export function whyUnsupported(spec: GitRepository["spec"]): string | undefined {
  const fields = [
    spec.include?.length && "spec.include",
    spec.recurseSubmodules && "spec.recurseSubmodules",
    spec.verify && "spec.verify",
    spec.sparseCheckout?.length && "spec.sparseCheckout",
    spec.proxySecretRef && "spec.proxySecretRef",
    spec.provider && spec.provider !== "generic" && "spec.provider",
  ].filter(Boolean);
  return fields.length > 0 ? `${fields.join(", ")} cannot be used here: remove it` : undefined;
}
