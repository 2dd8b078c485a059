/** What a convention is given and what it gives back: the Convention Service's protocol, inside the program. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Context } from "#engine/controller/controller.ts";
import type { ImageConfig, RegistryCredentials } from "#ports/oci/image.ts";

/** A software bill of materials, as it is in the image. */
export type Bom = { name: string; raw: Uint8Array };

export type ImageDescription = {
  /** Digest-pinned reference. */
  image: string;
  /** The OCI image configuration file. */
  config: ImageConfig;
  boms: readonly Bom[];
};

export type ConventionInput = {
  template: k8s.PodTemplateSpec;
  /** One entry per image, by the reference that the template's containers now hold. */
  images: ReadonlyMap<string, ImageDescription>;
  /** What the operator configured; {} when nothing. */
  values: { readonly [name: string]: unknown };
};

export type ConventionResult = { template: k8s.PodTemplateSpec; applied: readonly string[] };

/** One thing that a convention does, for the reference page. `name` is what it writes into the list of applied conventions. */
export type Effect = { name: string; when: string; sets: string };

/** A convention of this program. Pure: it must not change its input. Throws with a message for the user. */
export type InProcessConvention = {
  name: string;
  doc: string;
  effects: readonly Effect[];
  priority?: "Early" | "Late";
  apply(input: ConventionInput): ConventionResult;
};

/** Where conventions learn about images. Throws when an image cannot be resolved. */
export interface ImageResolver {
  describe(
    reference: string,
    options: { signal: AbortSignal; credentials?: RegistryCredentials },
  ): Promise<ImageDescription>;
}

/** Cached, tracked reads of a cluster: a controller's context, or a stand-in for it. */
export type Reader = Pick<Context, "get" | "list">;

/** An image, authority or convention that could not be used; `reason` becomes the condition's. */
export class ConventionFailure extends Error {
  override name = "ConventionFailure";
  readonly reason: "CABundleResolutionFailed" | "ImageResolutionFailed" | "LabelSelector" | "ConventionsApplied";
  /** True when the same call may well succeed later, although no object changes. */
  readonly retry: boolean;

  constructor(reason: ConventionFailure["reason"], message: string, options: ErrorOptions & { retry?: boolean } = {}) {
    super(message, options);
    this.reason = reason;
    this.retry = options.retry ?? false;
  }
}
