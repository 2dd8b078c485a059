/** Reconciles PodIntents: resolves images, applies the conventions in order, shows the result in the status. */
import { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled } from "#engine/controller/outcome.ts";
import { findCondition } from "#kit/conditions.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { ConventionFailure, type ImageResolver, type InProcessConvention } from "./convention.ts";
import { evaluateIntent } from "./evaluate.ts";
import { planConventions } from "./plan.ts";
import { containersOf } from "./template.ts";
import { clusterServices, type ServiceResolver } from "./webhook/service.ts";

export type ConventionDeps = {
  images: ImageResolver;
  inProcess: readonly InProcessConvention[];
  /** Where services can be reached; default: what the cluster says. */
  services?: (client: KubeClient) => ServiceResolver;
  webhookTimeoutMs?: number;
};

type IntentStatus = NonNullable<PodIntent["status"]>;

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** How often a tag is looked up again: on this machine's registry, and elsewhere where it costs more. */
const LOCAL_TAG_MS = 10_000;
const REMOTE_TAG_MS = 5 * 60_000;

export function podIntentController(deps: ConventionDeps): Controller<PodIntent> {
  return controller({
    name: "convention/pod-intent",
    for: PodIntent,
    async reconcile(intent, context): Promise<Outcome<IntentStatus>> {
      try {
        const plan = planConventions(intent, await context.list(ClusterPodConvention));
        const services = (deps.services ?? clusterServices)(context.client);
        const template = await evaluateIntent(intent, plan, {
          ...deps,
          services,
          reader: context,
          signal: context.signal,
        });
        const applied = { type: "ConventionsApplied", status: "True", reason: "Applied", message: "" } as const;
        const recheckAfter = plan.length > 0 ? tagRecheck(intent) : undefined;
        return settled(
          { template },
          {
            reason: "ConventionsApplied",
            conditions: [applied],
            ...(recheckAfter !== undefined && { recheckAfter }),
          },
        );
      } catch (error) {
        if (!(error instanceof ConventionFailure)) throw error;
        const retry = error.retry ? { recheckAfter: retryAfter(intent, context) } : {};
        return broken("ConventionsApplied", error.reason, error.message, retry);
      }
    },
  });
}

/** As long as it has been failing so far, so that the waits double. */
function retryAfter(intent: PodIntent, context: Context): number {
  const before = findCondition(intent, "ConventionsApplied");
  if (before?.reason !== "ConventionsApplied") return FIRST_RETRY_MS;
  const failing = context.now().getTime() - Date.parse(before.lastTransitionTime ?? "");
  return Math.min(Math.max(failing || 0, FIRST_RETRY_MS), LONGEST_RETRY_MS);
}

/** When to look whether a tag means another image; undefined when all images are pinned. */
function tagRecheck({ spec }: PodIntent): number | undefined {
  const floating = containersOf(spec.template).flatMap(({ image }) => (image && !image.includes("@") ? [image] : []));
  if (floating.length === 0) return undefined;
  const isLocal = floating.every((image) => /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?\//.test(image));
  return isLocal ? LOCAL_TAG_MS : REMOTE_TAG_MS;
}
