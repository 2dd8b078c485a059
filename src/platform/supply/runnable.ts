/** Reconciles Runnables: a new object from the ClusterRunTemplate for every new set of inputs; outputs of the newest good one. */
import { ClusterRunTemplate, Runnable } from "#api/carto.run/runnable.ts";
import type { Unstructured } from "#api/meta.ts";
import { type Actor, type Context, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { isObject } from "#kit/json.ts";
import { findFirst } from "#kit/jsonpath.ts";
import { renderTemplate, TemplateError } from "#kit/template.ts";
import { accountOf, recheckWhenDenied, stampingActor } from "./account.ts";
import { StepFailure } from "./failure.ts";
import { qualifiedName } from "./observe.ts";
import { ensureRun, isRejection, retain } from "./submit.ts";

type Status = NonNullable<Runnable["status"]>;
const SUCCEEDED = { singleConditionType: "Succeeded" };
const RUN_LABELS = { runnable: "carto.run/runnable-name", template: "carto.run/run-template-name" };
const READY: Condition = { type: "RunTemplateReady", status: "True", reason: "Ready" };

export const runnableController = controller({
  name: "supply/runnable",
  for: Runnable,
  async reconcile(runnable, context): Promise<Outcome<Status>> {
    const { name } = runnable.spec.runTemplateRef;
    const template = await context.get(ClusterRunTemplate, name);
    if (!template)
      return broken(
        "RunTemplateReady",
        "RunTemplateNotFound",
        `unable to get runnable run template [${name}]: not found`,
      );
    try {
      return await runOnce(runnable, template, context);
    } catch (error) {
      if (error instanceof TemplateError)
        return broken("RunTemplateReady", "TemplateStampFailure", `unable to stamp object: ${error.message}`);
      if (error instanceof StepFailure)
        return broken("RunTemplateReady", error.reason, error.message, recheckWhenDenied([error]));
      if (isRejection(error))
        return broken(
          "RunTemplateReady",
          "StampedObjectRejectedByAPIServer",
          `unable to create object: ${error.message}`,
          recheckWhenDenied([error]),
        );
      throw error;
    }
  },
});

async function runOnce(runnable: Runnable, template: ClusterRunTemplate, context: Context): Promise<Outcome<Status>> {
  const owner = runnable as unknown as Unstructured;
  const actor = await stampingActor(owner, accountOf(owner), context);
  const object = await stampRun(runnable, template, { actor, context });
  const resource = await context.client.resourceFor(object.apiVersion, object.kind);
  const { runs, isNew } = await ensureRun(resource, object, { actor, context });
  const latest = runs.at(-1) as Unstructured;
  if (isNew) context.event("Normal", "StampedObjectApplied", `Created object [${qualifiedName(resource, latest)}]`);
  const retention = runnable.spec.retentionPolicy ?? { maxFailedRuns: 10, maxSuccessfulRuns: 10 };
  await retain(resource, runs, { owner, rule: SUCCEEDED, retention }, context);
  const good = runs.findLast((run) => findCondition(run as Conditioned, "Succeeded")?.status === "True");
  const outputs = good ? readOutputs(template, good) : undefined;
  if (typeof outputs === "string") return waiting("RunTemplateReady", "OutputPathNotSatisfied", outputs);
  return concluded(latest, outputs);
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

type Stamper = { actor: Actor; context: Context };

async function stampRun(runnable: Runnable, template: ClusterRunTemplate, stamper: Stamper): Promise<Unstructured> {
  const selected = await select(runnable, stamper);
  const rendered = renderTemplate(template.spec.template, { runnable, ...(selected && { selected }) });
  if (!isObject(rendered) || typeof rendered.kind !== "string" || typeof rendered.apiVersion !== "string")
    throw new TemplateError("", "the run template does not give an object with apiVersion and kind");
  const metadata = isObject(rendered.metadata) ? rendered.metadata : {};
  const { name, namespace, labels: own } = runnable.metadata;
  const labels = {
    ...(metadata.labels as object | undefined),
    ...own,
    [RUN_LABELS.runnable]: name,
    [RUN_LABELS.template]: template.metadata.name,
  };
  return { ...rendered, metadata: { ...metadata, namespace, labels } } as Unstructured;
}

/** The one object that the Runnable's selector finds, as far as the account may see. Throws TemplateError when it is not exactly one. */
async function select({ spec, metadata }: Runnable, { actor, context }: Stamper): Promise<Unstructured | undefined> {
  if (!spec.selector) return undefined;
  const {
    resource: { apiVersion = "v1", kind = "" },
    matchingLabels,
  } = spec.selector;
  const resource = await context.client.resourceFor(apiVersion, kind);
  const selection = { ...(metadata.namespace && { namespace: metadata.namespace }), labels: matchingLabels };
  await context.list(resource, selection);
  const { items: found } = await actor.client.list(resource, selection);
  if (found.length !== 1)
    throw new TemplateError(
      "selected",
      `unable to resolve selector [${JSON.stringify(matchingLabels)}]: found ${found.length} objects of kind ${kind}, expected 1`,
    );
  return found[0];
}

/** The outputs, or which path finds nothing. */
function readOutputs(template: ClusterRunTemplate, run: Unstructured): Record<string, unknown> | string {
  const outputs: Record<string, unknown> = {};
  for (const [name, path] of Object.entries(template.spec.outputs ?? {})) {
    const value = findFirst(run, path);
    if (value === undefined)
      return `unable to retrieve output [${name}]: no value at ${path} in ${run.kind} ${run.metadata.name}`;
    outputs[name] = value;
  }
  return outputs;
}
