/** Reconciles PodIntents: resolves images, applies the conventions in order, shows the result in the status. */

import type * as k8s from "#api/builtin/types.gen.ts";
import {
  APPLIED_ANNOTATION,
  ClusterPodConvention,
  IN_PROCESS_ANNOTATION,
  PodIntent,
} from "#api/conventions.carto.run/index.ts";
import { type Controller, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { clone } from "#kit/json.ts";
import { StatusError } from "#kit/status.ts";
import type { ImageDescription, ImageResolver, InProcessConvention } from "./convention.ts";
import { planConventions } from "./plan.ts";

export type ConventionDeps = { images: ImageResolver; inProcess: readonly InProcessConvention[] };

type IntentStatus = NonNullable<PodIntent["status"]>;
const RETRY_MS = 5_000;

/** An image or a convention that could not be used; `reason` becomes the condition's. */
class ConventionFailure extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export function podIntentController({ images, inProcess }: ConventionDeps): Controller<PodIntent> {
  const known = new Map(inProcess.map((convention) => [convention.name, convention]));
  return controller({
    name: "convention/pod-intent",
    for: PodIntent,
    async reconcile(intent, context): Promise<Outcome<IntentStatus>> {
      let plan: ClusterPodConvention[];
      try {
        plan = planConventions(intent, await context.list(ClusterPodConvention));
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        return broken("ConventionsApplied", "LabelSelector", error.message);
      }
      try {
        const template = await applyAll(intent, plan, known, images, context.signal);
        const applied = { type: "ConventionsApplied", status: "True", reason: "Applied", message: "" } as const;
        return settled({ template }, { reason: "ConventionsApplied", conditions: [applied] });
      } catch (error) {
        if (!(error instanceof ConventionFailure)) throw error;
        const retry = { recheckAfter: RETRY_MS };
        return error.reason === "ImageResolutionFailed"
          ? waiting("ConventionsApplied", error.reason, error.message, retry)
          : broken("ConventionsApplied", error.reason, error.message, retry);
      }
    },
  });
}

async function applyAll(
  intent: PodIntent,
  plan: readonly ClusterPodConvention[],
  known: ReadonlyMap<string, InProcessConvention>,
  resolver: ImageResolver,
  signal: AbortSignal,
): Promise<k8s.PodTemplateSpec> {
  let template = clone(intent.spec.template) as k8s.PodTemplateSpec;
  const lines = template.metadata?.annotations?.[APPLIED_ANNOTATION]?.split("\n") ?? [];
  for (const object of plan) {
    const name = object.metadata.name;
    const convention = known.get(object.metadata.annotations?.[IN_PROCESS_ANNOTATION] ?? "");
    if (!convention)
      throw new ConventionFailure(
        "ConventionsApplied",
        `convention ${name} names no convention of this program: set the annotation ${IN_PROCESS_ANNOTATION} to one of ${[...known.keys()].join(", ")}`,
      );
    const images = await resolveImages(template, resolver, signal);
    const result = convention.apply({ template: pin(template, images), images: byReference(images) });
    template = result.template;
    lines.push(...result.applied.map((applied) => `${name}/${applied}`));
  }
  if (lines.length === 0) return template;
  const annotations = { ...template.metadata?.annotations, [APPLIED_ANNOTATION]: lines.join("\n") };
  return { ...template, metadata: { ...template.metadata, annotations } as never };
}

type Resolved = ReadonlyMap<string, ImageDescription>;

function containersOf(template: k8s.PodTemplateSpec): k8s.Container[] {
  return [...(template.spec?.initContainers ?? []), ...(template.spec?.containers ?? [])];
}

async function resolveImages(
  template: k8s.PodTemplateSpec,
  resolver: ImageResolver,
  signal: AbortSignal,
): Promise<Resolved> {
  const references = new Set(containersOf(template).flatMap(({ image }) => (image ? [image] : [])));
  const entries = [...references].map(async (reference) => {
    try {
      const { reference: image, config } = await resolver.describe(reference, signal);
      return [reference, { image, config }] as const;
    } catch (error) {
      throw new ConventionFailure(
        "ImageResolutionFailed",
        `cannot read image ${reference}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  });
  return new Map(await Promise.all(entries));
}

function pin(template: k8s.PodTemplateSpec, images: Resolved): k8s.PodTemplateSpec {
  const pinned = (container: k8s.Container): k8s.Container => {
    const image = images.get(container.image ?? "")?.image;
    return image ? { ...container, image } : container;
  };
  if (!template.spec) return template;
  const { initContainers, containers } = template.spec;
  const spec = {
    ...template.spec,
    containers: containers.map(pinned),
    ...(initContainers && { initContainers: initContainers.map(pinned) }),
  };
  return { ...template, spec };
}

function byReference(images: Resolved): Resolved {
  return new Map([...images.values()].map((description) => [description.image, description]));
}
