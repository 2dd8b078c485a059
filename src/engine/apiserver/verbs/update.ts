/** update (PUT), of an object or of its status. */
import type { Unstructured } from "#api/meta.ts";
import { clone } from "#kit/json.ts";
import { failure, notFound } from "#kit/status.ts";
import { requireStanding } from "../admission/gate.ts";
import type { Entry } from "../storage/entry.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { decode } from "./decode.ts";
import { recordUpdate } from "./managed.ts";
import { bumpGeneration, type Core, carryOver, check, isDryRun, managerOf, replace, requireFresh } from "./write.ts";

/** Replaces an object, or its status, by the request's body. */
export async function update(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target } = request;
  const { draft, warnings } = decode(served, request.body, {
    owned: request.ownsBody,
    query: request.query,
    repeated: request.repeated,
  });
  const name = target.name ?? "";
  if (draft.metadata.name !== name)
    throw failure(
      "BadRequest",
      `the name of the object (${draft.metadata.name}) does not match the name on the URL (${name})`,
    );
  const current = core.objects.latest(served.collection, served.key(target.namespace, name));
  if (!current) throw notFound(served.id, name);
  const entry = await change(request, core, { draft, current });
  return { kind: "entry", code: 200, served, entry: served.view(entry), warnings };
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
  requireFresh(served, draft.metadata, before.metadata);
  const lay = (over: Unstructured): Unstructured =>
    target.subresource === "status" ? statusOnly(over, before) : wholeObject(request, over, before);
  const gate = admitted ? undefined : core.admission.gate(request, "UPDATE");
  const wanted = lay(draft);
  const next = gate ? lay(await gate.mutate(wanted, before)) : wanted;
  bumpGeneration(served, next, before);
  request.warnings.push(...check(served, next, before));
  if (!managed)
    recordUpdate({
      served,
      draft: next,
      current: before,
      manager: managerOf(request),
      at: core.clock(),
      subresource: through ?? target.subresource,
    });
  if (gate) {
    await gate.validate(next, before);
    requireStanding(core.objects, served, current);
  }
  const giveBack = core.addresses.claim(served.collection, next, before);
  try {
    const entry = await replace(request, core, { draft: next, current });
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
  served.strategy.prepareUpdate?.(draft, before);
  return draft;
}

function statusOnly(draft: Unstructured, before: Unstructured): Unstructured {
  const next = clone(before) as Unstructured;
  delete next.status;
  if (draft.status !== undefined) next.status = draft.status;
  if (draft.metadata.managedFields) next.metadata.managedFields = draft.metadata.managedFields;
  return next;
}
