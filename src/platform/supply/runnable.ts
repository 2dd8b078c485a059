/** Reconciles Runnables: a new object from the ClusterRunTemplate for every new set of inputs; outputs of the newest good one. */
import { ClusterRunTemplate, Runnable } from "#api/carto.run/runnable.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { type Actor, type Context, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { isObject } from "#kit/json.ts";
import { findFirst } from "#kit/jsonpath.ts";
import { hasReason, StatusError } from "#kit/status.ts";
import { renderTemplate, TemplateError } from "#kit/template.ts";
import { accountOf, recheckWhenDenied, stampingActor } from "./account.ts";
import { StepFailure } from "./failure.ts";
import { goMap } from "./go-map.ts";
import { qualifiedName } from "./observe.ts";
import { ensureRun, isRejection, newestGood, retain } from "./submit.ts";

type Status = NonNullable<Runnable["status"]>;
const SUCCEEDED = { singleConditionType: "Succeeded" };
const RUN_LABELS = { runnable: "carto.run/runnable-name", template: "carto.run/run-template-name" };
const READY: Condition = { type: "RunTemplateReady", status: "True", reason: "Ready" };
const NO_RUN: Condition = { type: "StampedObjectCondition", status: "Unknown", reason: "Unknown" };

export const runnableController = controller({
  name: "supply/runnable",
  for: Runnable,
  async reconcile(runnable, context): Promise<Outcome<Status>> {
    const { name } = runnable.spec.runTemplateRef;
    const owner = runnable as unknown as Unstructured;
    try {
      const actor = await stampingActor(owner, accountOf(owner), context);
      const template = await context.get(ClusterRunTemplate, name);
      if (template) return await runOnce(runnable, template, { actor, context });
      return unready(
        "RunTemplateNotFound",
        `unable to get run template [${name}]: clusterruntemplates.carto.run "${name}" not found`,
      );
    } catch (error) {
      if (error instanceof StepFailure) return unready(error.reason, error.message, error);
      if (error instanceof TemplateError) return unready("TemplateStampFailure", error.message, error);
      throw error;
    }
  },
});

/** Nothing could be stamped, or read from what was. */
function unready(reason: string, message: string, error?: Error): Outcome<Status> {
  return broken("RunTemplateReady", reason, message, { conditions: [NO_RUN], ...recheckWhenDenied([error]) });
}

type Stamper = { actor: Actor; context: Context };

async function runOnce(runnable: Runnable, template: ClusterRunTemplate, stamper: Stamper): Promise<Outcome<Status>> {
  const { context } = stamper;
  const object = await stampRun(runnable, template, stamper);
  const submitted = await submitRun(object, stamper);
  if (submitted instanceof StatusError) {
    const { namespace, name, generateName } = object.metadata;
    const what = `[${namespace}/${name ?? generateName}] for run template [${template.metadata.name}]`;
    return unready(
      "StampedObjectRejectedByAPIServer",
      `unable to apply object ${what}: ${submitted.message}`,
      submitted,
    );
  }
  const { resource, runs, current: latest, isNew } = submitted;
  const called = qualifiedName(resource, latest);
  if (isNew) context.event("Normal", "StampedObjectApplied", `Created object [${called}]`);
  const retention = runnable.spec.retentionPolicy ?? { maxFailedRuns: 10, maxSuccessfulRuns: 10 };
  await retain(resource, runs, { owner: runnable as unknown as Unstructured, rule: SUCCEEDED, retention }, context);
  const good = newestGood(runs, latest, (run) => findCondition(run as Conditioned, "Succeeded")?.status === "True");
  const outputs = good ? readOutputs(template, good) : undefined;
  if (typeof outputs !== "string") return concluded(latest, outputs);
  const place = `[${called}] in namespace [${latest.metadata.namespace}]`;
  return unready("OutputPathNotSatisfied", `waiting to read value from resource ${place}: ${outputs}`);
}

/** The run of this content and those before it; or why the server refuses it. */
async function submitRun(
  object: Unstructured,
  stamper: Stamper,
): Promise<StatusError | (Awaited<ReturnType<typeof ensureRun>> & { resource: ResourceRef })> {
  try {
    const resource = await stamper.context.client.resourceFor(object.apiVersion, object.kind);
    return { resource, ...(await ensureRun(resource, object, stamper)) };
  } catch (error) {
    if (isRejection(error)) return error;
    throw error;
  }
}

function concluded(latest: Unstructured, outputs: Record<string, unknown> | undefined): Outcome<Status> {
  const status = { ...(outputs && { outputs: outputs as Status["outputs"] }) } as Status;
  const succeeded = findCondition(latest as Conditioned, "Succeeded");
  const conditions: Condition[] = [READY];
  if (succeeded?.status === "True")
    return settled(status, {
      reason: "Ready",
      conditions: [...conditions, { type: "StampedObjectCondition", status: "True", reason: "SucceededCondition" }],
    });
  const message = succeeded?.message ?? `${latest.kind} ${latest.metadata.name} has not ended`;
  if (succeeded?.status === "False")
    return broken("StampedObjectCondition", "SucceededCondition", message, { status, conditions });
  return waiting("StampedObjectCondition", succeeded ? "SucceededCondition" : "Unknown", message, {
    status,
    conditions,
  });
}

/** Throws TemplateError, with the words of upstream. */
async function stampRun(runnable: Runnable, template: ClusterRunTemplate, stamper: Stamper): Promise<Unstructured> {
  const selected = await select(runnable, stamper);
  const { name: templateName } = template.metadata;
  try {
    const rendered = renderTemplate(template.spec.template, { runnable, ...(selected && { selected }) });
    if (!isObject(rendered) || typeof rendered.kind !== "string" || typeof rendered.apiVersion !== "string")
      throw new TemplateError("", "it does not give an object with apiVersion and kind");
    const metadata = isObject(rendered.metadata) ? rendered.metadata : {};
    const { name, namespace, labels: own } = runnable.metadata;
    const labels = {
      ...(metadata.labels as object | undefined),
      ...own,
      [RUN_LABELS.runnable]: name,
      [RUN_LABELS.template]: templateName,
    };
    return { ...rendered, metadata: { ...metadata, namespace, labels } } as Unstructured;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError("", `unable to stamp object for run template [${templateName}]: ${error.message}`);
  }
}

/**
 * The one object that the Runnable's selector finds, in its namespace or in the cluster, as far as the account may see.
 * Throws TemplateError when it is not exactly one.
 */
async function select({ spec, metadata }: Runnable, { actor, context }: Stamper): Promise<Unstructured | undefined> {
  if (!spec.selector) return undefined;
  const { resource: wanted, matchingLabels } = spec.selector;
  const { apiVersion = "v1", kind = "" } = wanted;
  const fail = (why: string, cause?: Error): TemplateError => {
    const what = `[${goMap(matchingLabels)}], apiVersion [${apiVersion}], kind [${kind}]`;
    return new TemplateError("", `unable to resolve selector ${what}: ${why}`, { cause });
  };
  const resource = await context.client.resourceFor(apiVersion, kind).catch((error: Error) => {
    throw hasReason(error, "NotFound") ? fail(`failed to list server api resources: ${error.message}`) : error;
  });
  const place = resource.scope === "Namespaced" && metadata.namespace ? { namespace: metadata.namespace } : {};
  const selection = { ...place, labels: matchingLabels };
  await context.list(resource, selection);
  const { items: found } = await actor.client.list(resource, selection).catch((error: Error) => {
    throw hasReason(error, "Forbidden") ? fail(error.message, error) : error;
  });
  if (found.length === 1) return found[0];
  throw fail(found.length === 0 ? "selector did not match any objects" : "selector matched multiple objects");
}

/** The outputs, or which path finds nothing. */
function readOutputs(template: ClusterRunTemplate, run: Unstructured): Record<string, unknown> | string {
  const outputs: Record<string, unknown> = {};
  for (const [name, path] of Object.entries(template.spec.outputs ?? {})) {
    const value = findFirst(run, path);
    if (value === undefined) return `unable to retrieve output [${name}]: no value at [${path}]`;
    outputs[name] = value;
  }
  return outputs;
}
