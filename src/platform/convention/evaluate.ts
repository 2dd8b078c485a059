/** From an intent and the conventions for it to the resulting pod template. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import { applyConventions } from "./apply.ts";
import { bindConventions } from "./bind.ts";
import type { ImageResolver, InProcessConvention, Reader } from "./convention.ts";
import { ImageLookup } from "./image/lookup.ts";
import { intentCredentials } from "./image/pull-credentials.ts";
import type { ServiceResolver } from "./webhook/service.ts";

export type Surroundings = {
  inProcess: readonly InProcessConvention[];
  images: ImageResolver;
  reader: Reader;
  services: ServiceResolver;
  /** How long a webhook may take; default 30 s, as Kubernetes' own webhooks have. */
  webhookTimeoutMs?: number | undefined;
  signal: AbortSignal;
};

const WEBHOOK_TIMEOUT_MS = 30_000;

/** Applies `plan` in its order. Throws ConventionFailure. */
export async function evaluateIntent(
  intent: PodIntent,
  plan: readonly ClusterPodConvention[],
  surroundings: Surroundings,
): Promise<k8s.PodTemplateSpec> {
  const { images: resolver, reader, signal, webhookTimeoutMs: timeoutMs = WEBHOOK_TIMEOUT_MS } = surroundings;
  const inProcess = new Map(surroundings.inProcess.map((convention) => [convention.name, convention]));
  const conventions = await bindConventions(plan, { ...surroundings, inProcess, timeoutMs });
  const credentials = await intentCredentials(intent, reader);
  const images = new ImageLookup({ resolver, signal, credentials });
  return await applyConventions(intent, conventions, { images, signal });
}
