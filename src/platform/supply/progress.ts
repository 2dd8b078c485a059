/** What the steps of one pass have given so far, and what of it belongs together. Pure. */
import { canonicalJson } from "#kit/json.ts";
import { sha256 } from "#kit/names.ts";
import { readBy, type Step } from "./blueprint.ts";
import { areRelated, type Lineage, type LineageInput, type Mismatch } from "./lineage.ts";
import type { Output } from "./output.ts";

/** By the name of the step. */
export type Progress = { outputs: Map<string, Output>; lineages: Map<string, Lineage> };

/** What the outputs that a step reads were made of. */
export function lineagesRead(step: Step, { lineages }: Progress): Lineage[] {
  return [...new Set(readBy(step))].flatMap((name) => lineages.get(name) ?? []);
}

/** The outputs that a step reads when any of them have a step in common; else nothing has to be compared. */
export function relatedInputs(step: Step, progress: Progress): LineageInput[] {
  if (!areRelated(lineagesRead(step, progress))) return [];
  return [...new Set(readBy(step))].flatMap((resource) => {
    const [output, lineage] = [progress.outputs.get(resource), progress.lineages.get(resource)];
    return output && lineage ? [{ resource, lineage, digest: sha256(canonicalJson(output)) }] : [];
  });
}

/** `place` says which step waits. */
export function waitingText(place: string, { ahead, behind }: Mismatch): string {
  const what = `${place} stays as it is, because its inputs do not belong together yet`;
  return `${what}: waiting for resource [${behind}] to be healthy with what resource [${ahead}] gives now`;
}
