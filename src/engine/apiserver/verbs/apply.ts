/** Server-side apply (PATCH with an apply-patch). */
import type { ManagedFieldsEntry, Unstructured } from "#api/meta.ts";
import { clone, isObject } from "#kit/json.ts";
import { mergeTyped, removeFields } from "#kit/patch/apply.ts";
import { compare, fieldsGiven } from "#kit/patch/compare.ts";
import { difference, EMPTY_SET, type FieldSet, isEmptySet, union } from "#kit/patch/field-set.ts";
import { typedProblems } from "#kit/patch/typed-problems.ts";
import { applyDefaults } from "#kit/schema/fill.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import { conflict, failure, notFound, unclassified } from "#kit/status.ts";
import type { Answer } from "../wire/answer.ts";
import { isSet, type ResourceRequest } from "../wire/request.ts";
import { rejectConflicts } from "./apply-conflicts.ts";
import { insert } from "./create.ts";
import { decode } from "./decode.ts";
import { jsonType } from "./go-types.ts";
import { managedPart, managedSchema, readShares, type Share, setShares, unrecordedShare } from "./managed.ts";
import { stamp } from "./metadata.ts";
import { change, requireCreation, requireIdentity } from "./update.ts";
import type { Core } from "./write.ts";

/** Creates the object, or makes the manager the owner of the fields that the configuration gives. */
export async function apply(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target, query } = request;
  const name = target.name ?? "";
  requireMergeable(request);
  const { draft: config, warnings } = decode(served, request.body, {
    owned: request.ownsBody,
    query,
    repeated: request.repeated,
    defaults: false,
  });
  request.warnings.push(...warnings);
  requireIdentity(request, config);
  const current = core.objects.latest(served.collection, served.key(target.namespace, name));
  const at = core.clock();
  if (!current) {
    if (target.subresource) throw notFound(served.id, name);
    requireCreation(request, core);
    requireNew(request, config);
    setShares(config, [shareOf(request, given(request, config), stamp(at))]);
    applyDefaults(served.schema, config);
    const entry = await insert(request, core, config, true);
    return { kind: "entry", code: 201, served, entry: served.view(entry) };
  }
  const draft = laidOver(request, served.view(current).object, { config, at });
  noteLastApplied(request, draft);
  const entry = await change(request, core, { draft, current, managed: true });
  return { kind: "entry", code: 200, served, entry: served.view(entry) };
}

/** Throws unless the body is a configuration of the kind that can be merged field by field. */
function requireMergeable({ served, body, malformed, repeated = [], query }: ResourceRequest): void {
  if (malformed) throw failure("BadRequest", `error decoding YAML: error converting YAML to JSON: ${malformed}`);
  const config = body ?? {};
  if (!isObject(config))
    throw failure(
      "BadRequest",
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonType(config)} into Go value of type map[string]interface {}`,
    );
  if (query.fieldValidation === "Strict" && repeated.length > 0)
    throw failure("BadRequest", `error strict decoding YAML: error converting YAML to JSON: ${repeated.join(", ")}`);
  const { apiVersion = "", kind = "", metadata } = config;
  if (isObject(metadata) && metadata.managedFields !== undefined)
    throw failure("BadRequest", "metadata.managedFields must be nil");
  if (apiVersion !== served.apiVersion || kind !== served.facts.kind) {
    const version = String(apiVersion).includes("/") ? apiVersion : `/${apiVersion}`;
    throw failure("BadRequest", `invalid object type: ${version}, Kind=${kind}`);
  }
  const problems = typedProblems(managedSchema(served), config);
  if (problems.length === 0) return;
  const { namespace = "", name = "" } = isObject(metadata) ? metadata : {};
  const version = served.facts.group ? served.apiVersion : `/${served.apiVersion}`;
  const text =
    problems.length === 1 ? problems[0] : ["errors:", ...problems.map((problem) => `  ${problem}`)].join("\n");
  throw unclassified(
    `failed to create typed patch object (${namespace}/${name}; ${version}, Kind=${served.facts.kind}): ${text}`,
  );
}

/** Throws Conflict when the writer means an object that is not there. */
function requireNew({ served }: ResourceRequest, { metadata }: Unstructured): void {
  const { name, uid } = metadata;
  delete metadata.resourceVersion;
  if (uid)
    throw conflict(
      served.id,
      name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
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
  { config, at }: { config: Unstructured; at: Date },
): Unstructured {
  const { served, target } = request;
  const schema = managedSchema(served);
  const fresh = shareOf(request, given(request, config), stamp(at));
  const recorded = readShares(live.metadata.managedFields) ?? [];
  const shares =
    recorded.length > 0 ? recorded : [unrecordedShare(served, live, { at, subresource: target.subresource })];
  const own = shares.find(({ entry }) => isSameManager(entry, fresh.entry));
  const others = shares.filter((share) => share !== own);
  const livePart = managedPart(live);
  const merged = mergeTyped(schema, livePart, writable(request, managedPart(config)));
  const gone = own ? difference(own.set, fresh.set) : EMPTY_SET;
  const kept = others.reduce((sum, share) => union(sum, share.set), fresh.set);
  const part = (isEmptySet(gone) ? merged : removeFields(schema, merged, { gone, kept })) as Record<string, unknown>;
  const { changed, removed } = compare(schema, livePart, part);
  if (!isSet(request.query.force)) rejectConflicts(others, changed, migrated(request, live));
  if (isEmptySet(changed) && isEmptySet(removed) && !saysNew(schema, livePart, config))
    keepTime(fresh.entry, own?.entry.time);
  const left = others.map((share) => ({ ...share, set: difference(difference(share.set, changed), removed) }));
  const draft = assemble(live, part, { config, shares: [...left, fresh] });
  applyDefaults(served.schema, draft);
  return draft;
}

/** Whether a configuration says something new, be it where this request may set nothing. */
function saysNew(schema: StructuralSchema, live: Record<string, unknown>, config: Unstructured): boolean {
  return !isEmptySet(compare(schema, live, mergeTyped(schema, live, managedPart(config))).changed);
}

/** Who applies what is there already has not written anything: there is no new time, or none at all. */
function keepTime(entry: ManagedFieldsEntry, time: string | undefined): void {
  delete entry.time;
  if (time) entry.time = time;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** What `kubectl apply` has set on the client's side, which `kubectl apply --server-side` may take over. */
function migrated({ query, served }: ResourceRequest, live: Unstructured): FieldSet {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (query.fieldManager !== "kubectl" || text === undefined) return EMPTY_SET;
  try {
    const { draft } = decode(served, JSON.parse(text), {
      owned: true,
      query: { fieldValidation: "Ignore" },
      defaults: false,
    });
    return fieldsGiven(managedSchema(served), managedPart(draft));
  } catch {
    return EMPTY_SET;
  }
}

/** Keeps the record of a client-side apply in step, so that the user may go back to it. */
function noteLastApplied({ query, body }: ResourceRequest, draft: Unstructured): void {
  const { annotations } = draft.metadata;
  if (query.fieldManager === "kubectl" && annotations?.[LAST_APPLIED] !== undefined)
    annotations[LAST_APPLIED] = `${JSON.stringify(body)}\n`;
}

function isSameManager(left: ManagedFieldsEntry, right: ManagedFieldsEntry): boolean {
  return left.operation === "Apply" && left.manager === right.manager && left.subresource === right.subresource;
}

/** Without the top-level fields that the request may not set. */
function writable({ served, target }: ResourceRequest, part: Record<string, unknown>): Record<string, unknown> {
  const { status, ...rest } = part;
  if (target.subresource === "status") return status === undefined ? {} : { status };
  return served.facts.statusSubresource ? rest : part;
}

/** The parts of metadata that have managers. */
const MANAGED_METADATA = ["generateName", "labels", "annotations", "ownerReferences", "finalizers"] as const;

type Rest = { config: Unstructured; shares: readonly Share[] };

function assemble(live: Unstructured, part: Record<string, unknown>, { config, shares }: Rest): Unstructured {
  const { metadata, ...rest } = part;
  const identity = { ...live.metadata };
  for (const field of MANAGED_METADATA) delete identity[field];
  const { uid, resourceVersion } = config.metadata;
  const draft = clone({
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: {
      ...identity,
      name: live.metadata.name,
      ...(metadata as object),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
    },
    ...rest,
  }) as Unstructured;
  setShares(draft, shares);
  return draft;
}
