/** Server-side apply (PATCH with an apply-patch). */
import type { ManagedFieldsEntry, Unstructured } from "#api/meta.ts";
import { clone, deepEqual } from "#kit/json.ts";
import { mergeTyped, removeFields } from "#kit/patch/apply.ts";
import { compare, fieldsGiven } from "#kit/patch/compare.ts";
import {
  difference,
  EMPTY_SET,
  type FieldSet,
  intersection,
  isEmptySet,
  pathsOf,
  union,
} from "#kit/patch/field-set.ts";
import { applyDefaults } from "#kit/schema/fill.ts";
import { failure, notFound, type StatusCause, type StatusError } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { insert } from "./create.ts";
import { decode } from "./decode.ts";
import { managedPart, managedSchema, readShares, type Share, setShares } from "./managed.ts";
import { stamp } from "./metadata.ts";
import { change } from "./update.ts";
import { type Core, requireNamespace } from "./write.ts";

/** Creates the object, or makes the manager the owner of the fields that the configuration gives. */
export async function apply(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target, query } = request;
  const name = target.name ?? "";
  if (!query.fieldManager) throw failure("BadRequest", "fieldManager is required for apply patch");
  const { draft: config, warnings } = decode(served, request.body, {
    owned: request.ownsBody,
    query,
    repeated: request.repeated,
    defaults: false,
  });
  if (config.metadata.managedFields) throw failure("BadRequest", "metadata.managedFields must be nil");
  if (config.metadata.name && config.metadata.name !== name)
    throw failure("BadRequest", `the name in the configuration (${config.metadata.name}) is not the one on the URL`);
  const current = core.objects.latest(served.collection, served.key(target.namespace, name));
  const at = stamp(core.clock());
  if (!current) {
    if (target.subresource) throw notFound(served.id, name);
    requireNamespace(request, core);
    config.metadata.name = name;
    setShares(config, [shareOf(request, given(request, config), at)]);
    applyDefaults(served.schema, config);
    const entry = await insert(request, core, config, true);
    return { kind: "entry", code: 201, served, entry: served.view(entry), warnings };
  }
  const draft = laidOver(request, served.view(current).object, { config, at });
  const entry = await change(request, core, { draft, current, managed: true });
  return { kind: "entry", code: 200, served, entry: served.view(entry), warnings };
}

/** The fields of a configuration that this request may set. */
function given({ served, target }: ResourceRequest, config: Unstructured): FieldSet {
  const { "f:metadata": metadata, ...others } = fieldsGiven(managedSchema(served), managedPart(config));
  const set: FieldSet = metadata && !isEmptySet(metadata) ? { "f:metadata": metadata, ...others } : others;
  if (target.subresource === "status") return set["f:status"] ? { "f:status": set["f:status"] } : EMPTY_SET;
  const { "f:status": status, ...rest } = set;
  return status && served.facts.statusSubresource ? rest : set;
}

function shareOf(request: ResourceRequest, set: FieldSet, time: string): Share {
  const { served, target, query } = request;
  const entry: ManagedFieldsEntry = {
    manager: query.fieldManager ?? "",
    operation: "Apply",
    apiVersion: served.apiVersion,
    time,
    fieldsType: "FieldsV1",
    ...(target.subresource && { subresource: target.subresource }),
  };
  return { entry, set };
}

function laidOver(
  request: ResourceRequest,
  live: Unstructured,
  { config, at }: { config: Unstructured; at: string },
): Unstructured {
  const { served, query } = request;
  const schema = managedSchema(served);
  const fresh = shareOf(request, given(request, config), at);
  const shares = readShares(live.metadata.managedFields);
  const own = shares.find(({ entry }) => isSameManager(entry, fresh.entry));
  const livePart = managedPart(live);
  const merged = mergeTyped(schema, livePart, onlyGiven(managedPart(config), fresh.set));
  const { changed } = compare(schema, livePart, merged);
  let others = shares.filter((share) => share !== own);
  if (query.force !== "true") rejectConflicts(served, others, changed);
  else others = others.map((share) => ({ ...share, set: difference(share.set, changed) }));
  const kept = others.reduce((sum, share) => union(sum, share.set), fresh.set);
  const gone = own ? difference(own.set, fresh.set) : EMPTY_SET;
  const part = (isEmptySet(gone) ? merged : removeFields(schema, merged, { gone, kept })) as Record<string, unknown>;
  if (own && deepEqual(own.set, fresh.set)) fresh.entry.time = own.entry.time ?? at;
  const draft = assemble(live, part, { config, shares: [...others, fresh] });
  applyDefaults(served.schema, draft);
  return draft;
}

function isSameManager(left: ManagedFieldsEntry, right: ManagedFieldsEntry): boolean {
  return left.operation === "Apply" && left.manager === right.manager && left.subresource === right.subresource;
}

/** Without the top-level fields that the request may not set. */
function onlyGiven(part: Record<string, unknown>, set: FieldSet): Record<string, unknown> {
  return Object.fromEntries(Object.entries(part).filter(([name]) => set[`f:${name}`] !== undefined));
}

type Rest = { config: Unstructured; shares: readonly Share[] };

function assemble(live: Unstructured, part: Record<string, unknown>, { config, shares }: Rest): Unstructured {
  const { metadata, ...rest } = part;
  const { labels: _, annotations: __, ownerReferences: ___, finalizers: ____, ...identity } = live.metadata;
  const { uid, resourceVersion } = config.metadata;
  const draft = clone({
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: {
      ...identity,
      ...(metadata as object),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
    },
    ...rest,
  }) as Unstructured;
  setShares(draft, shares);
  return draft;
}

function rejectConflicts(served: ServedResource, others: readonly Share[], changed: FieldSet): void {
  const causes: StatusCause[] = others.flatMap(({ entry, set }) => {
    const subresource = entry.subresource ? ` with subresource "${entry.subresource}"` : "";
    const using =
      entry.operation === "Update" || entry.apiVersion !== served.apiVersion ? ` using ${entry.apiVersion}` : "";
    return pathsOf(intersection(set, changed)).map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${entry.manager}"${subresource}${using}`,
      field,
    }));
  });
  if (causes.length > 0) throw conflictOf(causes);
}

function conflictOf(causes: StatusCause[]): StatusError {
  if (causes.length === 1)
    return failure("Conflict", `Apply failed with 1 conflict: ${causes[0]?.message}: ${causes[0]?.field}`, { causes });
  const byManager = Map.groupBy(causes, (cause) => cause.message.replace(/^conflict /, "conflicts "));
  const lines = [...byManager].flatMap(([who, fields]) => [`${who}:`, ...fields.map(({ field }) => `- ${field}`)]);
  return failure("Conflict", `Apply failed with ${causes.length} conflicts: ${lines.join("\n")}`, { causes });
}
