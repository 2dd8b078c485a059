/** Which images pods use. Pure. */
import type { Pod } from "#api/builtin/types.gen.ts";

/**
 * References with digest of every container that is known, whether it runs or has ended, and of volumes. `referenceOf`:
 * what a name stood for when it was pulled.
 */
export function imagesOf(pods: readonly Pod[], referenceOf: (name: string) => string | undefined): Set<string> {
  const containers = pods
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .flatMap(({ imageID }) => imageID || []);
  const volumes = pods
    .flatMap(({ spec }) => spec.volumes ?? [])
    .flatMap(({ image }) => referenceOf(image?.reference ?? "") ?? []);
  return new Set([...containers, ...volumes]);
}
