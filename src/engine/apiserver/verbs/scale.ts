/** The scale subresource: the replica count of an object, in one form for all kinds. */
import type { Unstructured } from "#api/meta.ts";
import { clone, isObject } from "#kit/json.ts";
import { findFirst } from "#kit/jsonpath.ts";
import { invalidValue } from "#kit/schema/field-errors.ts";
import { failure, invalid, notFound, type StatusError } from "#kit/status.ts";
import { requireStanding } from "../admission/gate.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import { renderSelector } from "../tables/selector.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { noMethod } from "../wire/route.ts";
import { typeProblem } from "./go-types.ts";
import { recordUpdate } from "./managed.ts";
import { patched } from "./patch.ts";
import { change } from "./update.ts";
import { type Core, managerOf } from "./write.ts";

/** Reads or sets the scale of an object. Throws NotFound for kinds that cannot be scaled. */
export async function scale(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target, verb } = request;
  const name = target.name ?? "";
  const current = core.objects.latest(served.collection, served.key(target.namespace, name));
  if (!current) throw notFound(served.id, name);
  const before = scaleOf(served, current);
  if (verb === "get") return { kind: "object", code: 200, object: before };
  if (verb !== "update" && verb !== "patch") throw noMethod();
  const wanted = verb === "patch" ? patched(served, before, request) : request.body;
  requireScale(request, wanted);
  const replicas = await admitted(request, core, { before, current, replicas: replicasOf(wanted) });
  requireCount(served, name, replicas);
  const draft = clone(served.view(current).object) as Unstructured;
  setPath(draft, served.facts.scale?.specReplicasPath ?? "", replicas);
  const version = findFirst(wanted, ".metadata.resourceVersion");
  if (typeof version === "string") draft.metadata.resourceVersion = version;
  const whole: ResourceRequest = { ...request, target: { ...target } };
  delete whole.target.subresource;
  const isUnowned = replicas === 0 || !hasOwner(served, draft);
  if (isUnowned) disown(request, core, { draft, current: served.view(current).object });
  const entry = await change(whole, core, {
    draft,
    current,
    admitted: true,
    through: "scale",
    managed: isUnowned,
  });
  return { kind: "object", code: 200, object: scaleOf(served, entry) };
}

/** True when somebody holds the replica count: a count that nobody holds stays without an owner. */
function hasOwner({ facts }: ServedResource, { metadata }: Unstructured): boolean {
  const path = (facts.scale?.specReplicasPath ?? "").split(".").slice(1);
  return (metadata.managedFields ?? []).some(({ fieldsV1 }) => {
    const last = path.reduce<unknown>((at, step) => (isObject(at) ? at[`f:${step}`] : undefined), fieldsV1);
    return last !== undefined;
  });
}

/** A scale of none does not say its number, so that nobody owns it. */
function disown(
  request: ResourceRequest,
  core: Core,
  { draft, current }: { draft: Unstructured; current: Unstructured },
): void {
  const { served } = request;
  const manager = managerOf(request);
  recordUpdate({ served, draft, current, manager, at: core.clock(), subresource: "scale" });
  const shares = draft.metadata.managedFields?.filter(
    (entry) => !(entry.subresource === "scale" && entry.manager === manager && entry.operation === "Update"),
  );
  delete draft.metadata.managedFields;
  if (shares?.length) draft.metadata.managedFields = shares;
}

/** Custom resources say themselves which numbers they take. */
function requireCount({ facts }: ServedResource, name: string, replicas: unknown): void {
  if (!facts.builtin || Number(replicas) >= 0) return;
  const problem = invalidValue("spec.replicas", replicas, "must be greater than or equal to 0");
  throw invalid("autoscaling", "Scale", name, [problem]);
}

/** Throws unless a value is a Scale of the object on the path. */
function requireScale({ verb, target }: ResourceRequest, value: unknown): void {
  const { apiVersion, kind, metadata } = isObject(value) ? value : {};
  const refuse = (why: string): StatusError =>
    verb === "patch"
      ? invalid("", "", "", [invalidValue("patch", JSON.stringify(value), why)])
      : failure("BadRequest", `${kind ?? "Scale"} in version "v1" cannot be handled as a Scale: ${why}`);
  if ((kind && kind !== "Scale") || (apiVersion && apiVersion !== SCALE_VERSION))
    throw refuse(`${String(apiVersion)}, Kind=${String(kind)} is no ${SCALE_VERSION}, Kind=Scale`);
  const problem = typeProblem("Scale", value);
  if (problem) throw refuse(problem);
  const name = isObject(metadata) ? metadata.name : undefined;
  if (name !== undefined && name !== target.name)
    throw failure(
      "BadRequest",
      `the name of the object (${String(name)}) does not match the name on the URL (${target.name})`,
    );
}

const SCALE_VERSION = "autoscaling/v1";

function replicasOf(scale: unknown): unknown {
  return findFirst(scale, ".spec.replicas") ?? 0;
}

/** The replica count as admission wants it. Throws when the object has changed meanwhile. */
async function admitted(
  request: ResourceRequest,
  core: Core,
  { before, current, replicas }: { before: object; current: Entry; replicas: unknown },
): Promise<unknown> {
  const gate = core.admission.gate(request, "UPDATE");
  if (!gate) return replicas;
  const old = before as Unstructured;
  const next = await gate.mutate({ ...old, spec: { replicas } }, old);
  await gate.validate(next, old);
  requireStanding(core.objects, request.served, current);
  return replicasOf(next);
}

function scaleOf(served: ServedResource, entry: Entry): object {
  const paths = served.facts.scale;
  if (!paths) throw failure("NotFound", "the server could not find the requested resource");
  const object = served.view(entry).object;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = findFirst(object, paths.specReplicasPath);
  const selector = selectorText(object, paths.labelSelectorPath);
  return {
    apiVersion: SCALE_VERSION,
    kind: "Scale",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas ? { replicas } : {},
    status: { replicas: findFirst(object, paths.statusReplicasPath) ?? 0, ...(selector && { selector }) },
  };
}

/** The selector as text; built-in kinds carry it as an object in their spec, replication controllers as plain labels. */
function selectorText(object: Unstructured, path: string | undefined): string {
  const text = path && findFirst(object, path);
  if (typeof text === "string") return text;
  const selector = findFirst(object, ".spec.selector");
  if (!isObject(selector)) return "";
  const isPlain = object.kind === "ReplicationController" && object.apiVersion === "v1";
  return renderSelector(isPlain ? { matchLabels: selector as Record<string, string> } : selector);
}

function setPath(object: Unstructured, path: string, value: unknown): void {
  const steps = path.split(".").slice(1);
  const last = steps.pop();
  let at: Record<string, unknown> = object;
  for (const step of steps) {
    const next = at[step];
    const below: Record<string, unknown> = isObject(next) ? next : {};
    at[step] = below;
    at = below;
  }
  if (last) at[last] = value;
}
