/** Runs conventions one after the other over a pod template: each sees what the ones before it made of it. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { PodIntent } from "#api/conventions.carto.run/index.ts";
import { ConventionFailure, type ConventionInput, type ConventionResult } from "./convention.ts";
import type { ImageLookup } from "./image/lookup.ts";
import { appliedLines, pinImages, withAppliedLines } from "./template.ts";

/** A convention that is ready to be called, wherever it runs. */
export type BoundConvention = {
  name: string;
  apply(input: Omit<ConventionInput, "values">, intent: PodIntent, signal: AbortSignal): Promise<ConventionResult>;
};

/** The intent's template after all conventions. Throws ConventionFailure. Without conventions no image is looked at. */
export async function applyConventions(
  intent: PodIntent,
  conventions: readonly BoundConvention[],
  { images, signal }: { images: ImageLookup; signal: AbortSignal },
): Promise<k8s.PodTemplateSpec> {
  let template = intent.spec.template;
  const lines = appliedLines(template);
  for (const convention of conventions) {
    const resolved = await images.resolve(template);
    const byReference = new Map([...resolved.values()].map((image) => [image.image, image]));
    const input = { template: pinImages(template, resolved), images: byReference };
    const result = await call(convention, input, { intent, signal });
    lines.push(...result.applied.map((applied) => `${convention.name}/${applied}`));
    template = withAppliedLines(result.template, lines);
  }
  return template;
}

async function call(
  convention: BoundConvention,
  input: Omit<ConventionInput, "values">,
  { intent, signal }: { intent: PodIntent; signal: AbortSignal },
): Promise<ConventionResult> {
  try {
    return await convention.apply(input, intent, signal);
  } catch (error) {
    signal.throwIfAborted();
    const retry = error instanceof ConventionFailure && error.retry;
    const message = `failed to apply convention from source ${convention.name}: ${(error as Error).message}`;
    throw new ConventionFailure("ConventionsApplied", message, { cause: error, retry });
  }
}
