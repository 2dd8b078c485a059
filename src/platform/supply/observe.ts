/** What a stamped object gives: the step's output and health, or why there is no output yet. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { deployed } from "./deployment.ts";
import { StepFailure } from "./failure.ts";
import { judgeHealth } from "./health.ts";
import { MissingValue, type Output, readOutput } from "./output.ts";
import type { StampRequest } from "./stamp.ts";
import { healthRuleOf, type Submission } from "./submit.ts";

export type Observation = { output: Output | undefined; failure: StepFailure | undefined; healthy: Condition };

/** `place` says in messages which step it is. */
export function observe(request: StampRequest, submission: Submission, place: string): Observation {
  const { template } = request;
  const { latest } = submission;
  const read = tryRead(request, submission);
  const output = "output" in read ? read.output : undefined;
  const healthy = judgeHealth(healthRuleOf(template), latest, output?.kind === "none" ? "none" : Boolean(output));
  return { output, failure: "output" in read ? undefined : explain(read, submission, { healthy, place }), healthy };
}

type Reading = { output: Output } | { failure: StepFailure } | { missing: string } | { unhealthy: true };

function tryRead(request: StampRequest, { latest, source }: Submission): Reading {
  const { template, inputs } = request;
  try {
    if (template.kind === "ClusterDeploymentTemplate") {
      const step = request.labels["carto.run/resource-name"] ?? "";
      return { output: deployed(template, source ?? latest, { deployment: inputs.deployment, step }) };
    }
    const [path] = pathsOf(template);
    if (source || path === undefined) return { output: readOutput(template, source ?? latest) };
    return hasFailed(template, latest) ? { unhealthy: true } : { missing: path };
  } catch (error) {
    if (error instanceof StepFailure) return { failure: error };
    if (error instanceof MissingValue) return { missing: error.path };
    throw error;
  }
}

function pathsOf({ spec }: Template): string[] {
  return [spec.urlPath, spec.imagePath, spec.configPath].filter((path) => path !== undefined);
}

function hasFailed(template: Template, run: Unstructured): boolean {
  return judgeHealth(healthRuleOf(template), run, true).status === "False";
}

function explain(
  reading: Exclude<Reading, { output: Output }>,
  { resource, latest }: Submission,
  { healthy, place }: { healthy: Condition; place: string },
): StepFailure {
  if ("failure" in reading) return reading.failure;
  const message =
    "missing" in reading
      ? missingValue(
          reading.missing,
          healthy.status,
          `[${qualifiedName(resource, latest)}] in namespace [${latest.metadata.namespace}]`,
        )
      : `unable to retrieve outputs for ${place}: failed to find any healthy object in the set of immutable stamped objects`;
  return new StepFailure("MissingValueAtPath", `${message}${causeOf(latest)}`, "Unknown");
}

function missingValue(path: string, health: Condition["status"], object: string): string {
  switch (health) {
    case "True":
      return `cannot read value [${path}] from healthy object ${object}, contact Platform Eng`;
    case "False":
      return `cannot read value [${path}] from unhealthy object ${object}, examine object, particularly whether it is receiving proper inputs`;
    default:
      return `waiting to read value [${path}] from object ${object}`;
  }
}

/** `images.kpack.io/web`: the object as messages and events name it. */
export function qualifiedName({ plural, group }: ResourceRef, { metadata }: Unstructured): string {
  return `${plural}${group ? `.${group}` : ""}/${metadata.name}`;
}

/** What the stamped object itself says about why it is not there yet. */
function causeOf(stamped: Unstructured): string {
  const ready = findCondition(stamped as Conditioned, "Ready");
  if (!ready?.message || ready.status === "True") return "";
  return `: ${ready.reason ? `${ready.reason}: ` : ""}${ready.message}`;
}
