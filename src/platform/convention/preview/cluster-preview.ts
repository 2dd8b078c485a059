/** A preview against a cluster: its objects, its webhooks, the images of its intents. */
import { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import type { Reader } from "../convention.ts";
import { evaluateIntent } from "../evaluate.ts";
import { planConventions } from "../plan.ts";
import { STOCK_CONVENTIONS } from "../stock/index.ts";
import { clusterServices } from "../webhook/service.ts";
import { temporaryImages } from "./images.ts";
import { type Preview, previewConventions } from "./preview.ts";

/** Calls webhooks from here and runs the conventions of this program here; writes nothing. */
export async function previewOnCluster(
  client: KubeClient,
  edited: readonly ClusterPodConvention[],
  signal: AbortSignal,
): Promise<Preview> {
  const conventions = (await client.list(ClusterPodConvention, { signal })).items;
  const intents = (await client.list(PodIntent, { signal })).items;
  await using temporary = await temporaryImages();
  const surroundings = {
    inProcess: STOCK_CONVENTIONS,
    images: temporary.images,
    reader: directReader(client),
    services: clusterServices(client),
    signal,
  };
  return await previewConventions({ edited, conventions, intents }, (intent, plan) =>
    evaluateIntent(intent, plan, surroundings),
  );
}

/** Every convention with the number of intents that it selects. Throws ConventionFailure on a selector that does not parse. */
export async function listConventions(
  client: KubeClient,
): Promise<{ convention: ClusterPodConvention; selected: number }[]> {
  const { items: conventions } = await client.list(ClusterPodConvention);
  const { items: intents } = await client.list(PodIntent);
  return conventions.map((convention) => ({
    convention,
    selected: intents.filter((intent) => planConventions(intent, [convention]).length > 0).length,
  }));
}

function directReader(client: KubeClient): Reader {
  return {
    get: (resource, name, namespace) => client.get(resource, name, namespace),
    list: async (resource, selection = {}) => (await client.list(resource, selection)).items,
  };
}
