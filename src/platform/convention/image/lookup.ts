/** What the containers of a template run: resolved once per pass, so that all conventions see the same images. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { RegistryCredentials } from "#ports/oci/image.ts";
import { ConventionFailure, type ImageDescription, type ImageResolver } from "../convention.ts";
import { containersOf } from "../template.ts";

type LookupOptions = { resolver: ImageResolver; signal: AbortSignal; credentials?: RegistryCredentials | undefined };

/** Images of one pass. */
export class ImageLookup {
  private readonly known = new Map<string, ImageDescription>();
  private readonly options: LookupOptions;

  constructor(options: LookupOptions) {
    this.options = options;
  }

  /** Descriptions by the reference that the template holds, sorted by it. Throws ConventionFailure that names every image that failed. */
  async resolve(template: k8s.PodTemplateSpec): Promise<ReadonlyMap<string, ImageDescription>> {
    const references = [...new Set(containersOf(template).flatMap(({ image }) => (image ? [image] : [])))].sort();
    const found = await Promise.allSettled(references.map((reference) => this.describe(reference)));
    this.options.signal.throwIfAborted();
    const failures = found.flatMap((result, at) =>
      result.status === "rejected" ? [`image: "${references[at]}" error: ${(result.reason as Error).message}`] : [],
    );
    if (failures.length > 0)
      throw new ConventionFailure("ConventionsApplied", `fetching metadata for Images failed: ${failures.join("; ")}`, {
        retry: true,
      });
    return new Map(references.map((reference) => [reference, this.known.get(reference) as ImageDescription]));
  }

  private async describe(reference: string): Promise<void> {
    if (this.known.has(reference)) return;
    const { resolver, signal, credentials } = this.options;
    const description = await resolver.describe(reference, { signal, ...(credentials && { credentials }) });
    this.known.set(reference, description);
    this.known.set(description.image, description);
  }
}
