/** update (PUT), of an object or of its status. */
import type { Unstructured } from "#api/meta.ts";
import { clone } from "#kit/json.ts";
import { invalidValue } from "#kit/schema/field-errors.ts";
import { failure, forbidden, invalid, notFound, unclassified } from "#kit/status.ts";
import { requireStanding } from "../admission/gate.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import type { Part } from "../strategies/strategy.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { check } from "./check.ts";
import { insert } from "./create.ts";
import { decode } from "./decode.ts";
import { recordUpdate } from "./managed.ts";
import { stamp } from "./metadata.ts";
import { warnOfOwners } from "./owners.ts";
import {
  bumpGeneration,
  type Core,
  carryOver,
  isDryRun,
  managerOf,
  rejectOtherNamespace,
  replace,
  requireFresh,
  requireNamespace,
  requireSameObject,
} from "./write.ts";

/** Replaces an object, or its status, by the request's body. */
export async function update(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target } = request;
  const { draft, warnings } = decode(served, request.body, {
    owned: request.ownsBody,
    query: request.query,
    repeated: request.repeated,
    malformed: request.malformed,
  });
  request.warnings.push(...warnings);
  requireIdentity(request, draft);
  const name = target.name ?? "";
  const current = core.objects.latest(served.collection, served.key(target.namespace, name));
  if (!current) {
    if (!served.strategy.createsOnUpdate) throw notFound(served.id, name);
    requireCreation(request, core);
    const created = await insert(request, core, draft);
    return { kind: "entry", code: 201, served, entry: served.view(created), warnings };
  }
  requireVersion(served, draft);
  requireSameObject(served, draft.metadata, served.view(current).object.metadata);
  const entry = await change(request, core, { draft, current });
  return { kind: "entry", code: 200, served, entry: served.view(entry) };
}

/** Throws Forbidden unless the writer may create what is not there yet, NotFound when its namespace is not there either. */
export function requireCreation(request: ResourceRequest, core: Core): void {
  const { served, target, user } = request;
  const { group, resource } = served.id;
  if (!core.access.allows(user, { verb: "create", group, resource, namespace: target.namespace }))
    throw forbidden(
      served.id,
      target.name ?? "",
      `User "${user.username}" cannot create resource "${resource}" in API group "${group}"`,
    );
  requireNamespace(request, core);
}

/** Throws BadRequest when an object is not the one on the path. */
export function requireIdentity(request: ResourceRequest, draft: Unstructured): void {
  const { name = "" } = request.target;
  const given = draft.metadata.name;
  if (!given)
    throw failure(
      "BadRequest",
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  if (given !== name)
    throw failure("BadRequest", `the name of the object (${given}) does not match the name on the URL (${name})`);
  rejectOtherNamespace(request, draft);
}

/** Throws Invalid when the writer has to say which version it has seen, and does not. */
export function requireVersion({ facts, id }: ServedResource, { metadata }: Unstructured): void {
  const { name, resourceVersion: version = "" } = metadata;
  if (version !== "" && !/^\d+$/.test(version))
    throw unclassified(`strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`);
  const isOptional = facts.builtin && facts.group !== "apiextensions.k8s.io";
  if (isOptional || (version !== "" && version !== "0")) return;
  const problem = invalidValue("metadata.resourceVersion", 0, "must be specified for an update");
  const error = invalid("", `${id.resource}.${id.group}`, name, [problem]);
  error.status.details = { ...error.status.details, group: id.group, kind: id.resource };
  throw error;
}

type Replacement = {
  draft: Unstructured;
  current: Entry;
  managed?: boolean;
  admitted?: boolean;
  /** The subresource that the writer used, when it is not the one that is written. */
  through?: string;
};

/** Stores a decoded draft in place of `current`. `managed`: its managedFields are up to date; `admitted`: it has passed admission. */
export async function change(
  request: ResourceRequest,
  core: Core,
  { draft, current, managed = false, admitted = false, through }: Replacement,
): Promise<Entry> {
  const { served, target } = request;
  const before = served.view(current).object;
  const given = draft.metadata;
  request.warnings.push(...warnOfOwners(given));
  requireFresh(served, draft.metadata, before.metadata);
  const part = target.subresource ? served.strategy.parts?.[target.subresource] : undefined;
  const now = stamp(core.clock());
  const lay = (over: Unstructured): Unstructured => {
    if (part) return partOnly(part, over, before, now);
    if (target.subresource === "status") return statusOnly(request, over, before, now);
    return wholeObject(request, over, before);
  };
  const gate = admitted ? undefined : core.admission.gate(request, "UPDATE");
  const wanted = lay(draft);
  if (!managed)
    recordUpdate({
      served,
      draft: wanted,
      current: before,
      manager: managerOf(request),
      at: core.clock(),
      subresource: through ?? target.subresource,
    });
  const next = gate ? lay(await gate.mutate(wanted, before)) : wanted;
  if (!target.subresource) served.strategy.prepareUpdate?.(next, before);
  if (target.subresource !== "status") bumpGeneration(served, next, before);
  const isStatus = target.subresource === "status";
  request.warnings.push(
    ...check(served, next, { current: before, given: isStatus ? next.metadata : given, isStatus, part }),
  );
  if (gate) {
    await gate.validate(next, before);
    requireStanding(core.objects, served, current);
  }
  const charge = core.quotas.charge(request, next, before);
  const giveBack = core.addresses.claim(served.collection, next, before);
  try {
    const [entry] = await Promise.all([
      replace(request, core, { draft: next, current }),
      isDryRun(request.query) ? undefined : charge(),
    ]);
    if (isDryRun(request.query)) giveBack();
    return entry;
  } catch (error) {
    giveBack();
    throw error;
  }
}

function wholeObject({ served }: ResourceRequest, draft: Unstructured, before: Unstructured): Unstructured {
  draft.metadata = carryOver(draft.metadata, before.metadata);
  if (served.facts.statusSubresource) {
    delete draft.status;
    if (before.status !== undefined) draft.status = clone(before.status);
  }
  served.strategy.defaults?.(draft);
  return draft;
}

function partOnly(part: Part, draft: Unstructured, before: Unstructured, now: string): Unstructured {
  const next = part.lay(draft, before, now);
  if (draft.metadata.managedFields) next.metadata.managedFields = draft.metadata.managedFields;
  return next;
}

function statusOnly({ served }: ResourceRequest, draft: Unstructured, before: Unstructured, now: string): Unstructured {
  const next = clone(before) as Unstructured;
  delete next.status;
  if (draft.status !== undefined) next.status = draft.status;
  if (served.facts.builtin) next.metadata = carryOver(draft.metadata, before.metadata);
  else if (draft.metadata.managedFields) next.metadata.managedFields = draft.metadata.managedFields;
  served.strategy.prepareStatus?.(next, before, now);
  return next;
}
