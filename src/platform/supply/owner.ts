/** Reconciles an owner along its blueprint: select it, carry out its steps, remove what no step stamps any more. */
import type { Workload } from "#api/carto.run/workload.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { type Condition, type Conditioned, findCondition, isTrue } from "#kit/conditions.ts";
import { hasReason } from "#kit/status.ts";
import { type AccountRef, accountOf, recheckWhenDenied, stampingActor } from "./account.ts";
import { announcements } from "./announce.ts";
import type { Dialect, Step } from "./blueprint.ts";
import { StepFailure } from "./failure.ts";
import { goMap } from "./go-map.ts";
import { realize } from "./realize.ts";
import { keepHealth, ownerConditions, resourceStatuses } from "./report.ts";
import type { ResourceStatus } from "./resource-status.ts";
import { mostSpecific, type Selector, unreadablePath } from "./selection.ts";
import { isOwnedBy, STAMP_LABEL } from "./submit.ts";
import type { RenderTemplateText } from "./ytt.ts";

export type OwnerStatus = Omit<NonNullable<Workload["status"]>, "supplyChainRef">;

/** What a ClusterSupplyChain and a ClusterDelivery have in common. */
export type BlueprintObject = Conditioned & {
  kind: string;
  metadata: { name: string };
  spec: {
    selector?: Record<string, string>;
    selectorMatchExpressions?: Selector["matchExpressions"];
    selectorMatchFields?: Selector["matchFields"];
    params?: Step["params"];
    resources: Step[];
    serviceAccountRef?: AccountRef;
  };
};

/** How the blueprint is called in messages and reasons. */
type Words = { owner: string; blueprint: string; noun: string };

const WORDS: { readonly [owner in Dialect["owner"]]: Words } = {
  workload: { owner: "Workload", blueprint: "SupplyChain", noun: "supply chain" },
  deliverable: { owner: "Deliverable", blueprint: "Delivery", noun: "delivery" },
};

export type Pass = {
  owner: Unstructured;
  blueprints: readonly BlueprintObject[];
  dialect: Dialect;
  context: Context;
  renderText: RenderTemplateText;
};

/** On an owner: nothing is stamped, changed or removed for it while the value is `true`. */
const PAUSED_ANNOTATION = "slipway.dev/paused";

/** The blueprint that the owner takes, and what came of it. `ref` is undefined when there is no such blueprint. */
export async function followBlueprint(
  pass: Pass,
): Promise<Outcome<OwnerStatus> & { ref?: { kind: string; name: string } }> {
  const { owner, dialect } = pass;
  if (owner.metadata.annotations?.[PAUSED_ANNOTATION] === "true")
    return waiting(
      "Ready",
      "Paused",
      `nothing changes while annotation ${PAUSED_ANNOTATION} is "true": remove it to go on`,
    );
  const { blueprint, reason, message } = selectBlueprint(owner, pass.blueprints, dialect);
  if (!blueprint) return broken(dialect.condition, reason, message);
  return { ...(await follow(pass, blueprint)), ref: { kind: blueprint.kind, name: blueprint.metadata.name } };
}

/** The one blueprint that the owner takes, or why there is none. Pure. */
export function selectBlueprint(
  owner: Unstructured,
  blueprints: readonly BlueprintObject[],
  dialect: Dialect,
):
  | { blueprint: BlueprintObject; reason?: never; message?: never }
  | { blueprint?: never; reason: string; message: string } {
  const words = WORDS[dialect.owner];
  if (Object.keys(owner.metadata.labels ?? {}).length === 0)
    return {
      reason: `${words.owner}LabelsMissing`,
      message: `${dialect.owner} has no labels to match to ${words.noun}: add for example apps.tanzu.vmware.com/workload-type: web`,
    };
  const readable = blueprints.filter((candidate) => unreadablePath(toSelector(candidate)) === undefined);
  const matching = attempt(() => mostSpecific(readable, toSelector, owner));
  if (matching instanceof Error)
    return { reason: `${words.blueprint}NotFound`, message: `no ${words.noun} can be chosen: ${matching.message}` };
  const [blueprint] = matching;
  if (!blueprint)
    return {
      reason: `${words.blueprint}NotFound`,
      message: `no ${words.noun} found where full selector is satisfied by labels: ${goMap(owner.metadata.labels ?? {})}; there ${blueprints.length > 0 ? `are [${names(blueprints)}]` : "is none"}`,
    };
  if (matching.length > 1)
    return {
      reason: words.blueprint === "Delivery" ? "MultipleDeliveryMatches" : "MultipleSupplyChainMatches",
      message: `${dialect.owner} may only match a single ${words.noun}'s selector: [${names(matching)}] match equally well, make one more specific`,
    };
  if (!isTrue(blueprint)) {
    const { reason, message } = findCondition(blueprint, "Ready") ?? {};
    return {
      reason: reason ?? `${words.blueprint}NotReady`,
      message: `${message ?? "it has not been checked yet"}, in ${words.noun} [${blueprint.metadata.name}]`,
    };
  }
  return { blueprint };
}

async function follow(
  { owner, dialect, context, renderText }: Pass,
  { metadata, spec }: BlueprintObject,
): Promise<Outcome<OwnerStatus>> {
  const blueprint = { name: metadata.name, steps: spec.resources, params: spec.params };
  const previous = (owner.status as OwnerStatus | undefined)?.resources ?? [];
  const actor = await stampingActor(owner, accountOf(owner, spec.serviceAccountRef), context).catch(
    (error: unknown) => {
      if (error instanceof StepFailure) return error;
      throw error;
    },
  );
  if (actor instanceof StepFailure) return withoutActor(actor, dialect);
  const results = keepHealth(
    await realize({ owner, blueprint, dialect, context, actor, renderText, previous }),
    previous,
  );
  const now = context
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, "Z");
  const resources = resourceStatuses(results, previous, now);
  const versioned = new Set(
    results.flatMap(({ stamped }) => (stamped?.metadata.labels?.[STAMP_LABEL] ? [stamped.metadata.name] : [])),
  );
  await removeOrphans(owner, previous, { resources, versioned }, context);
  const applied = new Set(results.flatMap(({ step, applied }) => (applied ? [step.name] : [])));
  for (const { reason, message } of announcements(previous, resources, applied))
    context.event("Normal", reason, message);
  const denied = recheckWhenDenied(results.map(({ failure }) => failure));
  return settled({ resources }, { conditions: ownerConditions(results, dialect.condition), ...denied });
}

/** Nothing is stamped; what is known of the steps stays. */
function withoutActor(failure: StepFailure, dialect: Dialect): Outcome<OwnerStatus> {
  const { reason, message } = failure;
  const chain: Condition = { type: dialect.condition, status: "True", reason: "Ready" };
  return broken("ResourcesSubmitted", reason, message, { conditions: [chain], ...recheckWhenDenied([failure]) });
}

/**
 * Deletes what an earlier pass stamped and this one does not, whatever the account may do by now. Runs of an immutable
 * step stay: they have their own retention.
 */
async function removeOrphans(
  owner: Unstructured,
  before: readonly ResourceStatus[],
  { resources: after, versioned }: { resources: readonly ResourceStatus[]; versioned: ReadonlySet<string> },
  context: Context,
): Promise<void> {
  const kept = new Set(after.map(refKey));
  const steps = new Set(
    after.filter(({ stampedRef }) => versioned.has(stampedRef?.name ?? "")).map(({ name }) => name),
  );
  for (const entry of before) {
    const { apiVersion, kind, name, namespace } = entry.stampedRef ?? {};
    if (!apiVersion || !kind || !name || kept.has(refKey(entry)) || steps.has(entry.name)) continue;
    const resource = await context.client.resourceFor(apiVersion, kind).catch((error: unknown) => {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    });
    const live = resource && (await context.client.get(resource, name, namespace));
    if (live && !isOwnedBy(owner, live)) continue;
    if (resource && live) await context.delete(resource, { name, namespace });
    context.event("Normal", "StampedObjectRemoved", `Deleted object [${entry.stampedRef?.resource}/${name}]`);
  }
}

function refKey({ stampedRef: ref }: ResourceStatus): string {
  return ref ? `${ref.apiVersion}/${ref.kind}/${ref.namespace}/${ref.name}` : "";
}

/** What `work` gives, or what it throws. */
function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

/** What an owner must have to take the blueprint. */
export function toSelector({ spec }: BlueprintObject): Selector {
  return {
    matchLabels: spec.selector,
    matchExpressions: spec.selectorMatchExpressions,
    matchFields: spec.selectorMatchFields,
  };
}

function names(objects: readonly { metadata: { name: string } }[]): string {
  return objects.map(({ metadata }) => metadata.name).join(", ");
}
