/** Watches over nodes: silent ones are marked, and their pods go elsewhere when they have been patient enough. */
import { Lease, Node, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { deepEqual } from "#kit/json.ts";
import { earliest } from "../wait.ts";
import { silentConditions, staysFor, taintsOf } from "./health.ts";

/** How long a node may be silent. */
const GRACE_MS = 50_000;
const LEASES = "kube-node-lease";

type Sighting = { renewTime: string | undefined; at: number };

/** Reconciles Nodes. Silence counts from when this controller first looked: a start of the program evicts nobody. */
export function nodeController(): Controller<k8s.Node> {
  const seen = new Map<string, Sighting>();
  let since: number | undefined;
  return controller<k8s.Node>({
    name: "core/node-lifecycle",
    reportsAs: "node-controller",
    for: Node,
    async reconcile(given, context) {
      const now = context.now().getTime();
      since ??= now;
      const { name } = given.metadata;
      const node = (await context.get(Node, name)) ?? given;
      const quietFor = now - (await lastSeen(name, seen, context));
      const isSilent = quietFor >= GRACE_MS;
      const judged = isSilent ? await markSilent(node, context) : node;
      const tainted = await writeTaints(judged, context);
      const eviction = await evict(tainted, since, context);
      return again(
        earliest(...[eviction, isSilent ? undefined : GRACE_MS - quietFor].filter((wait) => wait !== undefined)),
      );
    },
  });
}

function again(wait: { recheckAfter?: number }): Outcome<k8s.NodeStatus> {
  return settled<k8s.NodeStatus>(undefined, wait);
}

/** When we noticed the newest sign of life, by our own clock. */
async function lastSeen(name: string, seen: Map<string, Sighting>, context: Context): Promise<number> {
  const renewTime = (await context.get(Lease, name, LEASES))?.spec?.renewTime;
  const known = seen.get(name);
  if (known && known.renewTime === renewTime) return known.at;
  const at = context.now().getTime();
  seen.set(name, { renewTime, at });
  return at;
}

async function markSilent(node: k8s.Node, context: Context): Promise<k8s.Node> {
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "Unknown") return node;
  const { name } = node.metadata;
  const body = { status: { conditions: silentConditions(node, stamp(context)) } };
  const marked = await context.client.patch(Node, { name }, { type: "merge", body }, { subresource: "status" });
  context.event("Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
  return marked;
}

async function writeTaints(node: k8s.Node, context: Context): Promise<k8s.Node> {
  const taints = taintsOf(node, stamp(context));
  if (deepEqual(taints, node.spec?.taints ?? [])) return node;
  const { name, resourceVersion } = node.metadata;
  return await context.patch(Node, { name }, { metadata: { resourceVersion }, spec: { taints } });
}

/** Says of pods on a node that is not ready that they are not either, and deletes those that have waited long enough. */
async function evict(node: k8s.Node, since: number, context: Context): Promise<number | undefined> {
  const taints = node.spec?.taints ?? [];
  if (!taints.some(({ effect }) => effect === "NoExecute")) return undefined;
  const now = context.now().getTime();
  const isSilent = taints.some(({ key }) => key === "node.kubernetes.io/unreachable");
  const waits: number[] = [];
  for (const pod of await context.list(Pod)) {
    if (pod.spec.nodeName !== node.metadata.name || pod.metadata.deletionTimestamp) continue;
    if (isSilent) await markNotReady(pod, context);
    const wait = staysFor(pod, taints, { now, since });
    if (wait === 0) await remove(pod, context);
    else if (wait !== undefined) waits.push(wait);
  }
  return waits.length > 0 ? Math.min(...waits) : undefined;
}

async function markNotReady(pod: k8s.Pod, context: Context): Promise<void> {
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True")
    await writeCondition(pod, { ...ready, status: "False", reason: "NodeNotReady" }, context);
}

async function remove(pod: k8s.Pod, context: Context): Promise<void> {
  const message = "Taint manager: deleting due to NoExecute taint";
  await writeCondition(
    pod,
    { type: "DisruptionTarget", status: "True", reason: "DeletionByTaintManager", message },
    context,
  );
  await context.delete(Pod, pod.metadata);
}

async function writeCondition({ metadata }: k8s.Pod, condition: k8s.PodCondition, context: Context): Promise<void> {
  const conditions = [{ ...condition, lastTransitionTime: stamp(context) }];
  const body = { metadata: { uid: metadata.uid }, status: { conditions } };
  await context.client.patch(Pod, metadata, { type: "strategic", body }, { subresource: "status" });
}

function stamp(context: Context): string {
  return context
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, "Z");
}
