/** Eviction: a deletion that keeps to the disruption budgets of the pod. */
import type { Pod, PodDisruptionBudget } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone, isObject, type Mutable } from "#kit/json.ts";
import { compileSelector } from "#kit/selector.ts";
import { failure, notFound, type StatusCause, type StatusError, unclassified } from "#kit/status.ts";
import type { Entry } from "../../storage/entry.ts";
import type { Answer } from "../../wire/answer.ts";
import type { ResourceRequest } from "../../wire/request.ts";
import { removeEntry } from "../delete.ts";
import { optionsOf } from "../delete-options.ts";
import { recordUpdate } from "../managed.ts";
import { stamp } from "../metadata.ts";
import { requireKind } from "../request-kind.ts";
import type { Core } from "../write.ts";
import { setCondition } from "./binding.ts";

const EVICTION = { kind: "Eviction", group: "policy", apiVersions: ["policy/v1", "policy/v1beta1"] };
const RETRY_SECONDS = 10;
/** Who is said to have written the budget. */
const MANAGER = "kube-apiserver";
const MOST_DISRUPTED = 2000;

/** Evicts a pod. Throws TooManyRequests when a budget does not allow it now. */
export async function evict(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target, body } = request;
  const { name = "", namespace } = target;
  const given = isObject(body) ? body : {};
  requireKind(given, EVICTION);
  const named = isObject(given.metadata) ? given.metadata.name : undefined;
  if (named !== name) throw failure("BadRequest", "name in URL does not match name in Eviction object");
  const options = optionsOf({ ...request, body: given.deleteOptions });
  const current = core.objects.latest(served.collection, served.key(namespace, name));
  if (!current) throw notFound(served.id, name);
  const pod = current.object as unknown as Pod;
  if (!options.dryRun) {
    if (isProtected(pod)) await charge(pod, core);
    const marked = await core.objects.put(served.collection, disrupted(current, stamp(core.clock())));
    await removeEntry(served, core, marked, options);
  } else if (isProtected(pod)) await charge(pod, core, true);
  return {
    kind: "object",
    code: 201,
    object: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
  };
}

/** Pods that have ended, not begun, or are going anyway, may always be evicted. */
function isProtected({ status, metadata }: Pod): boolean {
  const phase = status?.phase;
  return phase !== "Succeeded" && phase !== "Failed" && phase !== "Pending" && metadata.deletionTimestamp === undefined;
}

function disrupted(current: Entry, now: string): Unstructured {
  const draft = clone(current.object) as Unstructured;
  const condition = { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI" };
  setCondition(draft as unknown as Mutable<Pod>, { ...condition, message: "Eviction API: evicting" }, now);
  return draft;
}

/** Takes the disruption off the pod's budget. Throws when there is nothing left of it. */
async function charge(pod: Pod, core: Core, dryRun = false): Promise<void> {
  const collection = core.objects.collection("policy", "poddisruptionbudgets");
  const budgets = collection.range(pod.metadata.namespace).filter(({ object }) => covers(object, pod));
  const [only, ...more] = budgets;
  if (!only) return;
  if (more.length > 0)
    throw unclassified(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  const draft = clone(only.object) as Unstructured;
  const budget = draft as unknown as Mutable<PodDisruptionBudget>;
  const { metadata } = budget;
  const status = (budget.status ?? {}) as Mutable<NonNullable<PodDisruptionBudget["status"]>>;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw exhausted(`The disruption budget ${metadata.name} is still being processed by the server.`, RETRY_SECONDS);
  const allowed = status.disruptionsAllowed ?? 0;
  if (allowed <= 0)
    throw exhausted(
      `The disruption budget ${metadata.name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`,
    );
  if (Object.keys(status.disruptedPods ?? {}).length > MOST_DISRUPTED)
    throw exhausted("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  const now = stamp(core.clock());
  status.disruptionsAllowed = allowed - 1;
  status.disruptedPods = { ...status.disruptedPods, [pod.metadata.name]: now };
  budget.status = status;
  if (allowed === 1) noteExhaustion(budget, now);
  if (dryRun) return;
  const served = core.registry.find("policy", "v1", "poddisruptionbudgets");
  if (served)
    recordUpdate({ served, draft, current: only.object, manager: MANAGER, at: core.clock(), subresource: "status" });
  await core.objects.put(collection, draft);
}

function noteExhaustion({ metadata, status }: Mutable<PodDisruptionBudget>, now: string): void {
  if (!status) return;
  const condition = {
    type: "DisruptionAllowed",
    status: "False",
    observedGeneration: metadata.generation ?? 0,
    lastTransitionTime: now,
    reason: "InsufficientPods",
    message: "",
  };
  status.conditions = [...(status.conditions ?? []).filter(({ type }) => type !== condition.type), condition];
}

function covers(object: Unstructured, pod: Pod): boolean {
  const { selector } = (object as unknown as PodDisruptionBudget).spec ?? {};
  return selector !== undefined && compileSelector(selector)(pod.metadata.labels);
}

function exhausted(why: string, retryAfterSeconds?: number): StatusError {
  const causes: StatusCause[] = [{ reason: "DisruptionBudget", message: why }];
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  return failure("TooManyRequests", message, { causes, ...(retryAfterSeconds && { retryAfterSeconds }) });
}
