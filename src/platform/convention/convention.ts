/** What a convention is given and what it gives back: the Convention Service's protocol, inside the program. */
import type * as k8s from "#api/builtin/types.gen.ts";

export type ImageDescription = {
  /** Digest-pinned reference. */
  image: string;
  /** The OCI image configuration file. */
  config: { config?: { Labels?: Record<string, string>; ExposedPorts?: Record<string, unknown>; Env?: string[] } };
};

export type ConventionInput = {
  template: k8s.PodTemplateSpec;
  /** One entry per container image, by the reference that the template now holds. */
  images: ReadonlyMap<string, ImageDescription>;
};

export type ConventionResult = { template: k8s.PodTemplateSpec; applied: readonly string[] };

/** A convention of this program. Pure: it must not change its input. */
export type InProcessConvention = { name: string; doc: string; apply(input: ConventionInput): ConventionResult };

/** Where conventions learn about images. Throws when an image cannot be resolved. */
export interface ImageResolver {
  /** `reference` of the answer is pinned to the digest. */
  describe(reference: string, signal: AbortSignal): Promise<{ reference: string; config: ImageDescription["config"] }>;
}
