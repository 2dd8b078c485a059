/** Which images pods use. Pure. */
import type { Pod } from "#api/builtin/types.gen.ts";

/** References with digest of every container that is known, whether it runs or has ended. */
export function imagesOf(pods: readonly Pod[]): Set<string> {
  return new Set(
    pods
      .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
      .flatMap(({ imageID }) => imageID || []),
  );
}
