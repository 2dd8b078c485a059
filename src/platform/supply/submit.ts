/**
 * Brings a stamped object into the cluster. `mutable` keeps one object up to date; `immutable` and `tekton` make a new
 * one for every new content. What an object was stamped from is in a label of the object itself, so a restart makes none twice.
 */
import type { Template } from "#api/carto.run/templates.ts";
import { controllerOf, type ResourceRef, type Unstructured } from "#api/meta.ts";
import type { Actor, Context } from "#engine/controller/controller.ts";
import { canonicalJson } from "#kit/json.ts";
import { sha256 } from "#kit/names.ts";
import { hasReason, StatusError } from "#kit/status.ts";
import type { Draft } from "#ports/kube/client.ts";
import { StepFailure } from "./failure.ts";
import { judgeHealth } from "./health.ts";

/** On objects that are never changed: a digest of what they were stamped from. */
export const STAMP_LABEL = "slipway.dev/stamp-digest";

const DEFAULT_RETENTION = { maxFailedRuns: 10, maxSuccessfulRuns: 10 };
type Rule = Template["spec"]["healthRule"];
export type Retention = { maxFailedRuns: number; maxSuccessfulRuns: number };

export type Submission = {
  resource: ResourceRef;
  /** The object of the present content: what the owner's status shows. */
  latest: Unstructured;
  /** Where outputs are read: for lifecycles other than mutable the latest if it is healthy, else the newest healthy one. */
  source: Unstructured | undefined;
  /** What was done to the latest object, if anything. */
  change: "Created" | "Patched" | undefined;
};

/** Who writes, and for whom; `place` says in messages which step it is. */
export type Submitter = { owner: Unstructured; actor: Actor; place: string; context: Context };

/** Throws StepFailure when the server refuses the object, or refuses it to this actor. */
export async function submit(template: Template, object: Unstructured, submitter: Submitter): Promise<Submission> {
  const { owner, actor, place, context } = submitter;
  const resource = await resourceOf(object, context);
  try {
    if (isMutable(template)) {
      const { name, namespace } = object.metadata;
      const before = await context.get(resource, name, namespace);
      const latest = await context.apply(resource, object as Draft<Unstructured>, { by: actor });
      const isSame = before?.metadata.resourceVersion === latest.metadata.resourceVersion;
      return { resource, latest, source: latest, change: !before ? "Created" : isSame ? undefined : "Patched" };
    }
    const rule = healthRuleOf(template);
    const { runs, current, isNew } = await ensureRun(resource, object, { actor, context });
    const retention = template.spec.retentionPolicy ?? DEFAULT_RETENTION;
    await retain(resource, runs, { owner, rule, retention }, context);
    const source = newestGood(runs, current, (run) => isHealthy(rule, run) === "True");
    return { resource, latest: current, source, change: isNew ? "Created" : undefined };
  } catch (error) {
    if (isRejection(error))
      throw new StepFailure(
        "TemplateRejectedByAPIServer",
        `unable to apply object [${nameOf(object)}] for ${place}: ${error.message}`,
        "False",
        { cause: error },
      );
    throw error;
  }
}

/** What stands of a step that is not stamped anew: its object or, of a step that makes runs, the newest one. */
export async function findStanding(
  template: Template,
  object: Unstructured,
  context: Context,
): Promise<Submission | undefined> {
  const resource = await resourceOf(object, context);
  if (isMutable(template)) {
    const live = await context.get(resource, object.metadata.name, object.metadata.namespace);
    return live && { resource, latest: live, source: live, change: undefined };
  }
  const rule = healthRuleOf(template);
  const runs = await findRuns(resource, object, context);
  const latest = runs.at(-1);
  const source = latest && newestGood(runs, latest, (run) => isHealthy(rule, run) === "True");
  return latest && { resource, latest, source, change: undefined };
}

/** Whether the server will refuse the same object again. What has the wrong type in an apply is an error of its own. */
export function isRejection(error: unknown): error is StatusError {
  if (hasReason(error, "Invalid", "BadRequest", "Forbidden", "NotFound")) return true;
  return error instanceof StatusError && error.message.startsWith("failed to create typed patch object");
}

function nameOf({ metadata }: Unstructured): string {
  return `${metadata.namespace}/${metadata.name ?? metadata.generateName}`;
}

/** Whether one object is kept up to date, instead of a new one for every new content. */
export function isMutable({ spec }: Template): boolean {
  return (spec.lifecycle ?? "mutable") === "mutable";
}

/** The template's rule; Tekton runs are judged by their Succeeded condition. */
export function healthRuleOf({ spec }: Template): Rule {
  return spec.healthRule ?? (spec.lifecycle === "tekton" ? { singleConditionType: "Succeeded" } : undefined);
}

async function resourceOf(object: Unstructured, context: Context): Promise<ResourceRef> {
  try {
    return await context.client.resourceFor(object.apiVersion, object.kind);
  } catch (error) {
    if (hasReason(error, "NotFound")) throw new StepFailure("TemplateRejectedByAPIServer", error.message);
    throw error;
  }
}

/**
 * All runs of the object's label set in the order in which they were made, and the one of this content, which is made
 * when there is none.
 */
export async function ensureRun(
  resource: ResourceRef,
  object: Unstructured,
  { actor, context }: { actor: Actor; context: Context },
): Promise<{ runs: Unstructured[]; current: Unstructured; isNew: boolean }> {
  const digest = stampDigest(object);
  const runs = await findRuns(resource, object, context);
  const current = runs.findLast(({ metadata }) => metadata.labels?.[STAMP_LABEL] === digest);
  if (current) return { runs, current, isNew: false };
  const labels = { ...object.metadata.labels, [STAMP_LABEL]: digest };
  const draft = { ...object, metadata: { ...object.metadata, labels } };
  const made = await context.create(resource, draft as Draft<Unstructured>, { by: actor });
  return { runs: [...runs, made], current: made, isNew: true };
}

/** The run of the present content when it is good, else the newest good one. */
export function newestGood(
  runs: readonly Unstructured[],
  current: Unstructured,
  isGood: (run: Unstructured) => boolean,
): Unstructured | undefined {
  return isGood(current) ? current : runs.findLast(isGood);
}

async function findRuns(resource: ResourceRef, { metadata }: Unstructured, context: Context): Promise<Unstructured[]> {
  const { namespace, labels = {} } = metadata;
  const found = await context.list(resource, { ...(namespace && { namespace }), labels: identity(labels) });
  return found.filter((run) => run.metadata.labels?.[STAMP_LABEL] && !run.metadata.deletionTimestamp).sort(byAge);
}

/** What an object that is never changed was stamped from, as a label value. */
export function stampDigest(object: Unstructured): string {
  return sha256(canonicalJson(object)).slice("sha256:".length, "sha256:".length + 32);
}

/** The labels that say whose run it is. */
export function identity(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith("carto.run/")));
}

function byAge(left: Unstructured, right: Unstructured): number {
  const [before, after] = [left.metadata.creationTimestamp ?? "", right.metadata.creationTimestamp ?? ""];
  if (before !== after) return before < after ? -1 : 1;
  return Number(left.metadata.resourceVersion) - Number(right.metadata.resourceVersion);
}

function isHealthy(rule: Rule, run: Unstructured): string {
  return judgeHealth(rule, run, true).status;
}

/** Deletes the oldest ended runs of the owner beyond the limits; runs that have not ended count as neither. */
export async function retain(
  resource: ResourceRef,
  runs: readonly Unstructured[],
  { owner, rule, retention }: { owner: Unstructured; rule: Rule; retention: Retention },
  context: Context,
): Promise<void> {
  const own = runs.filter((run) => isOwnedBy(owner, run));
  const ended = (status: string): Unstructured[] => own.filter((run) => isHealthy(rule, run) === status);
  const expired = [
    ...ended("True").slice(0, -retention.maxSuccessfulRuns),
    ...ended("False").slice(0, -retention.maxFailedRuns),
  ];
  for (const { metadata } of expired) await context.delete(resource, metadata);
}

/** Whether the object is the owner's to delete: whoever wrote it made the owner its controller. */
export function isOwnedBy(owner: Unstructured, object: Unstructured): boolean {
  return owner.metadata.uid !== undefined && controllerOf(object)?.uid === owner.metadata.uid;
}
