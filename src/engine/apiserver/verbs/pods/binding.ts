/** The binding of a pod to a node, which happens once. */
import type { Binding, Pod } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone, isObject, type Mutable } from "#kit/json.ts";
import { conflict, failure, notFound, unclassified } from "#kit/status.ts";
import type { Answer } from "../../wire/answer.ts";
import type { ResourceRequest } from "../../wire/request.ts";
import { stamp } from "../metadata.ts";
import { type Core, isDryRun } from "../write.ts";

const BINDING = { group: "", resource: "pods/binding" };

const PODS = { group: "", resource: "pods" };

/** Gives a pod its node: the pod on the path, or the one that the binding names. Throws Conflict when it has one. */
export async function bind(request: ResourceRequest, core: Core): Promise<Answer> {
  const binding = bindingOf(request);
  const { target, metadata } = binding;
  const name = request.target.subresource ? (request.target.name ?? "") : metadata.name;
  if (metadata.name && metadata.name !== name)
    throw failure("BadRequest", "name in URL does not match name in Binding object");
  const pods = core.objects.collection("", "pods");
  const current = core.objects.latest(pods, `${request.target.namespace}/${name}`);
  if (target.kind && target.kind !== "Node")
    throw unclassified(
      `target.kind: Unsupported value: ${JSON.stringify(target.kind)}: supported values: "Node", "<empty>"`,
    );
  if (!target.name) throw unclassified("target.name: Required value");
  if (!current) throw notFound(PODS, name);
  const draft = clone(current.object) as Unstructured;
  assign(draft as unknown as Mutable<Pod>, binding, stamp(core.clock()));
  if (!isDryRun(request.query)) await core.objects.put(pods, draft);
  return {
    kind: "object",
    code: 201,
    object: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
  };
}

function bindingOf({ body }: ResourceRequest): Mutable<Binding> {
  if (!isObject(body)) throw failure("BadRequest", "the request body must be a JSON object");
  const { kind = "Binding", metadata, target } = body;
  if (kind !== "Binding") throw failure("BadRequest", `${String(kind)} in version "v1" cannot be handled as a Binding`);
  return { metadata: isObject(metadata) ? metadata : {}, target: isObject(target) ? target : {} } as Mutable<Binding>;
}

/** Writes the node into the pod, and that it is scheduled. */
function assign(pod: Mutable<Pod>, { metadata, target }: Mutable<Binding>, now: string): void {
  const { name, namespace, uid, deletionTimestamp } = pod.metadata;
  const refuse = (why: string): never => {
    throw conflict(BINDING, name, why);
  };
  if (metadata.uid && metadata.uid !== uid)
    throw conflict(
      PODS,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/pods/${namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`,
    );
  if (deletionTimestamp !== undefined) refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (!pod.spec) return;
  if (pod.spec.nodeName) refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (pod.spec.schedulingGates?.length) refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  pod.spec.nodeName = target.name ?? "";
  if (pod.status) delete pod.status.nominatedNodeName;
  if (metadata.annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations };
  if (metadata.labels) pod.metadata.labels = { ...pod.metadata.labels, ...metadata.labels };
  setCondition(pod, { type: "PodScheduled", status: "True" }, now);
}

/** Sets a condition; its time is that of the last change. */
export function setCondition(
  pod: Mutable<Pod>,
  condition: { type: string; status: string; reason?: string; message?: string },
  now: string,
): void {
  const status = (pod.status ?? {}) as Mutable<NonNullable<Pod["status"]>>;
  pod.status = status;
  const conditions = status.conditions ?? [];
  const before = conditions.find(({ type }) => type === condition.type);
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : now;
  const next = { lastProbeTime: null, lastTransitionTime, ...condition } as unknown as (typeof conditions)[number];
  status.conditions = before ? conditions.map((one) => (one === before ? next : one)) : [...conditions, next];
}
