/** When a ClusterDeploymentTemplate's object counts as deployed; its output is then its input. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { findFirst } from "#kit/jsonpath.ts";
import { StepFailure } from "./failure.ts";
import type { Output } from "./output.ts";

/** Passes `deployment` on, or throws StepFailure with why it is not deployed yet. `values` are what tags can see. */
export function deployed(
  template: Template,
  stamped: Unstructured,
  deployment: Output | undefined,
  values: unknown,
): Output {
  const { observedMatches, observedCompletion } = template.spec;
  for (const { input, output } of observedMatches ?? []) {
    const [wanted, observed] = [findFirst(values, input), findFirst(stamped, output)];
    if (wanted === undefined || wanted !== observed)
      throw new StepFailure(
        "ConditionNotMet",
        `resource [${stamped.metadata.name}] condition not met: could not find value at [${output}] equal to ${String(wanted)}`,
        "Unknown",
      );
  }
  if (observedCompletion) requireCompletion(observedCompletion, stamped);
  return deployment ?? { kind: "none" };
}

type Completion = NonNullable<Template["spec"]["observedCompletion"]>;

function requireCompletion({ succeeded, failed }: Completion, stamped: Unstructured): void {
  const { name, generation } = stamped.metadata;
  const observed = findFirst(stamped, ".status.observedGeneration");
  if (observed === undefined)
    throw new StepFailure(
      "TemplateStampFailure",
      `resource [${name}] has no status.observedGeneration to tell when it is deployed`,
    );
  if (observed !== generation)
    throw new StepFailure(
      "ConditionNotMet",
      `resource [${name}] condition not met: status.observedGeneration does not equal metadata.generation`,
      "Unknown",
    );
  if (failed && text(findFirst(stamped, failed.key)) === failed.value)
    throw new StepFailure(
      "FailedConditionMet",
      `resource [${name}] failed condition met: ${failed.key} is ${failed.value}`,
    );
  if (text(findFirst(stamped, succeeded.key)) !== succeeded.value)
    throw new StepFailure(
      "ConditionNotMet",
      `resource [${name}] condition not met: ${succeeded.key} is not ${succeeded.value}`,
      "Unknown",
    );
}

function text(value: unknown): string | undefined {
  return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}
