/** The scale subresource: the replica count of an object, in one form for all kinds. */
import type { Unstructured } from "#api/meta.ts";
import { clone, isObject } from "#kit/json.ts";
import { findFirst } from "#kit/jsonpath.ts";
import { failure, notFound } from "#kit/status.ts";
import { requireStanding } from "../admission/gate.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { patched } from "./patch.ts";
import { change } from "./update.ts";
import type { Core } from "./write.ts";

/** Reads or sets the scale of an object. Throws NotFound for kinds that cannot be scaled. */
export async function scale(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target, verb } = request;
  const name = target.name ?? "";
  const current = core.objects.latest(served.collection, served.key(target.namespace, name));
  if (!current) throw notFound(served.id, name);
  const before = scaleOf(served, current);
  if (verb === "get") return { kind: "object", code: 200, object: before };
  if (verb !== "update" && verb !== "patch")
    throw failure("MethodNotAllowed", `the server does not allow ${verb} on the scale subresource`);
  const wanted = verb === "patch" ? patched(served, before, request) : request.body;
  const replicas = await admitted(request, core, { before, current, replicas: replicasOf(wanted) });
  if (!Number.isInteger(replicas) || Number(replicas) < 0)
    throw failure("Invalid", `spec.replicas: Invalid value: ${String(replicas)}: must be greater than or equal to 0`);
  const draft = clone(served.view(current).object) as Unstructured;
  setPath(draft, served.facts.scale?.specReplicasPath ?? "", replicas);
  const version = findFirst(wanted, ".metadata.resourceVersion");
  if (typeof version === "string") draft.metadata.resourceVersion = version;
  const whole: ResourceRequest = { ...request, target: { ...target } };
  delete whole.target.subresource;
  const entry = await change(whole, core, { draft, current, admitted: true, through: "scale" });
  return { kind: "object", code: 200, object: scaleOf(served, entry) };
}

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
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: findFirst(object, paths.specReplicasPath) ?? 0 },
    status: {
      replicas: findFirst(object, paths.statusReplicasPath) ?? 0,
      selector: selectorText(object, paths.labelSelectorPath),
    },
  };
}

/** The selector as text; built-in kinds carry it as an object in their spec. */
function selectorText(object: Unstructured, path: string | undefined): string {
  const text = path && findFirst(object, path);
  if (typeof text === "string") return text;
  const labels = findFirst(object, ".spec.selector.matchLabels");
  if (!isObject(labels)) return "";
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");
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
