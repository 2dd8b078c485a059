/** Reconciles Workloads: select the supply chain, carry out its steps, remove what no step stamps any more. */
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { Workload } from "#api/carto.run/workload.ts";
import type { Unstructured } from "#api/meta.ts";
import { type Context, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled } from "#engine/controller/outcome.ts";
import { isTrue } from "#kit/conditions.ts";
import { hasReason } from "#kit/status.ts";
import { realize } from "./realize.ts";
import { ownerConditions, resourceStatuses } from "./report.ts";
import { mostSpecific } from "./selection.ts";

type WorkloadStatus = NonNullable<Workload["status"]>;
type ResourceStatus = NonNullable<WorkloadStatus["resources"]>[number];

export const workloadController = controller({
  name: "supply/workload",
  for: Workload,
  async reconcile(workload, context): Promise<Outcome<WorkloadStatus>> {
    if (Object.keys(workload.metadata.labels ?? {}).length === 0)
      return broken(
        "SupplyChainReady",
        "WorkloadLabelsMissing",
        "workload has no labels to match to supply chain: add apps.tanzu.vmware.com/workload-type: web",
      );
    const owner = workload as unknown as Unstructured;
    const chains = await context.list(ClusterSupplyChain);
    const matching = mostSpecific(chains, ({ spec }) => toSelector(spec), owner);
    const [chain] = matching;
    if (!chain)
      return broken(
        "SupplyChainReady",
        "SupplyChainNotFound",
        `no supply chain [${names(chains)}] selects the workload's labels and fields`,
      );
    if (matching.length > 1)
      return broken(
        "SupplyChainReady",
        "MultipleSupplyChainMatches",
        `supply chains [${names(matching)}] match equally well: make one selector more specific`,
      );
    if (!isTrue(chain))
      return broken(
        "SupplyChainReady",
        "SupplyChainNotReady",
        `supply chain [${chain.metadata.name}] is not ready: ${reasonOf(chain)}`,
      );
    return await follow(workload, chain, context);
  },
});

async function follow(
  workload: Workload,
  chain: ClusterSupplyChain,
  context: Context,
): Promise<Outcome<WorkloadStatus>> {
  const blueprint = { name: chain.metadata.name, steps: chain.spec.resources, params: chain.spec.params };
  const results = await realize(workload as unknown as Unstructured, blueprint, context);
  const previous = workload.status?.resources ?? [];
  const now = context
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, "Z");
  const resources = resourceStatuses(results, previous, now);
  await removeOrphans(previous, resources, context);
  return settled(
    { supplyChainRef: { kind: "ClusterSupplyChain", name: chain.metadata.name }, resources },
    { conditions: ownerConditions(results) },
  );
}

async function removeOrphans(
  before: readonly ResourceStatus[],
  after: readonly ResourceStatus[],
  context: Context,
): Promise<void> {
  const kept = new Set(after.map(refKey));
  for (const entry of before) {
    const { apiVersion, kind, name, namespace } = entry.stampedRef ?? {};
    if (!apiVersion || !kind || !name || kept.has(refKey(entry))) continue;
    const resource = await context.client.resourceFor(apiVersion, kind).catch((error: unknown) => {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    });
    if (resource) await context.delete(resource, { name, namespace });
    context.event("Normal", "StampedObjectRemoved", `Deleted object [${entry.stampedRef?.resource}/${name}]`);
  }
}

function refKey({ stampedRef: ref }: ResourceStatus): string {
  return ref ? `${ref.apiVersion}/${ref.kind}/${ref.namespace}/${ref.name}` : "";
}

function toSelector(spec: ClusterSupplyChain["spec"]) {
  return {
    matchLabels: spec.selector,
    matchExpressions: spec.selectorMatchExpressions,
    matchFields: spec.selectorMatchFields,
  };
}

function names(objects: readonly { metadata: { name: string } }[]): string {
  return objects.map(({ metadata }) => metadata.name).join(", ");
}

function reasonOf(chain: ClusterSupplyChain): string {
  return chain.status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "it has not been checked yet";
}
