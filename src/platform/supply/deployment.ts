/** When a ClusterDeploymentTemplate's object counts as deployed; its output is then its input. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { findFirst } from "#kit/jsonpath.ts";
import { StepFailure } from "./failure.ts";
import type { Output } from "./output.ts";

/** Passes `deployment` on, or throws StepFailure with why it is not deployed yet. `step` is its name for messages. */
export function deployed(
  template: Template,
  stamped: Unstructured,
  { deployment, step }: { deployment: Output | undefined; step: string },
): Output {
  const { observedMatches = [], observedCompletion } = template.spec;
  for (const match of observedMatches) requireMatch(match, stamped, step);
  if (observedCompletion) requireCompletion(observedCompletion, stamped, step);
  if (!deployment)
    throw new StepFailure("UnknownError", `resource [${step}]: deployment not found in upstream template`);
  return deployment;
}

function notMet(step: string, why: string): StepFailure {
  return new StepFailure("ConditionNotMet", `resource [${step}] condition not met: ${why}`, "Unknown");
}

type Match = NonNullable<Template["spec"]["observedMatches"]>[number];

/** Both paths are of the stamped object: of what is asked for, and of what was done. */
function requireMatch({ input, output }: Match, stamped: Unstructured, step: string): void {
  const [wanted, observed] = [findFirst(stamped, input), findFirst(stamped, output)];
  if (wanted === undefined) throw notMet(step, `could not find value on input [${input}]`);
  if (observed === undefined) throw notMet(step, `could not find value on output [${output}]`);
  if (text(wanted) !== text(observed))
    throw notMet(step, `input [${input}] and output [${output}] do not match: ${text(wanted)} != ${text(observed)}`);
}

type Completion = NonNullable<Template["spec"]["observedCompletion"]>;

function requireCompletion({ succeeded, failed }: Completion, stamped: Unstructured, step: string): void {
  const { generation } = stamped.metadata;
  const observed = findFirst(stamped, ".status.observedGeneration");
  if (observed === undefined)
    throw new StepFailure(
      "TemplateStampFailure",
      `resource [${step}] cannot satisfy observedCompletion without observedGeneration in object status`,
    );
  if (observed !== generation)
    throw notMet(
      step,
      `status.observedGeneration does not equal metadata.generation: ${text(observed)} != ${generation}`,
    );
  const failure = failed && text(findFirst(stamped, failed.key));
  if (failed && failure === failed.value)
    throw new StepFailure(
      "FailedConditionMet",
      `resource [${step}] failed condition met: deployment failure condition [${failed.key}] was: ${failure}`,
    );
  const success = text(findFirst(stamped, succeeded.key));
  if (success === undefined)
    throw notMet(step, `failed to evaluate succeededCondition.Key [${succeeded.key}]: not found`);
  if (success !== succeeded.value)
    throw notMet(step, `deployment success condition [${succeeded.key}] was: ${success}, expected: ${succeeded.value}`);
}

function text(value: unknown): string | undefined {
  return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}
