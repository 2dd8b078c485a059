/** Removes pods that nobody will ever remove: of nodes that are gone, and of those that have ended the oldest ones. */
import { Namespace, Node, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";
import { hasReason } from "#kit/status.ts";
import { isEnded, missingNodes, planPodGc, type Removal } from "./plan.ts";

const PERIOD_MS = 20_000;
const QUARANTINE_MS = 40_000;
const TERMINATED_THRESHOLD = 12_500;
/** There is one of these in every cluster; looking after it is looking after the cluster. */
const SYSTEM = "kube-system";
const PAGE = 500;

export type PodGcSetting = { terminatedThreshold: number };

/** Looks at all pods from time to time. */
export function podGcController(
  setting: PodGcSetting = { terminatedThreshold: TERMINATED_THRESHOLD },
): Controller<k8s.Namespace> {
  const goneSince = new Map<string, number>();
  return controller<k8s.Namespace>({
    name: "core/pod-gc",
    reportsAs: "pod-garbage-collector",
    for: Namespace,
    async reconcile({ metadata }, context) {
      if (metadata.name !== SYSTEM) return settled();
      const now = context.now().getTime();
      const [pods, nodes] = [await allPods(context), (await context.client.list(Node)).items];
      const missing = missingNodes(pods, nodes);
      for (const name of goneSince.keys()) if (!missing.has(name)) goneSince.delete(name);
      for (const name of missing) if (!goneSince.has(name)) goneSince.set(name, now);
      const removals = planPodGc({ pods, nodes, goneSince, quarantineMs: QUARANTINE_MS, ...setting, now });
      for (const removal of removals) await remove(removal, context);
      return settled(undefined, { recheckAfter: PERIOD_MS });
    },
  });
}

/** Asks the server: with every change of every pod as a reason to look again there would be no end of it. */
async function allPods({ client }: Context): Promise<k8s.Pod[]> {
  const pods: k8s.Pod[] = [];
  let page: string | undefined;
  do {
    const list = await client.list(Pod, { limit: PAGE, ...(page && { continue: page }) });
    pods.push(...list.items);
    page = list.continue;
  } while (page);
  return pods;
}

/** The status first: whoever counts on the pod learns that it has failed. */
async function remove({ pod, message }: Removal, { client, now }: Context): Promise<void> {
  const { name, namespace, uid = "" } = pod.metadata;
  const lastTransitionTime = now()
    .toISOString()
    .replace(/\.\d+Z$/, "Z");
  const condition = { type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC", lastTransitionTime };
  const status = {
    ...(!isEnded(pod) && { phase: "Failed" }),
    ...(message && { conditions: [{ ...condition, message }] }),
  };
  try {
    if (Object.keys(status).length > 0) {
      const body = { metadata: { uid }, status };
      await client.patch(Pod, { name, namespace }, { type: "strategic", body }, { subresource: "status" });
    }
    await client.delete(Pod, { name, namespace }, { gracePeriodSeconds: 0, uid });
  } catch (error) {
    if (!hasReason(error, "NotFound", "Conflict")) throw error;
  }
}
