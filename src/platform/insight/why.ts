/** `why`: from an object that is not ready down to the cause, in one line, with what to do. */
import type { Unstructured } from "#api/meta.ts";
import { adviceFor } from "./advice.ts";
import { describe, type Finding, notReady } from "./finding.ts";
import type { Reader } from "./reader.ts";
import { STEPS } from "./steps.ts";

export type Verdict = {
  healthy: boolean;
  /** `Kind namespace/name` of every object on the way, the cause last. */
  path: string[];
  cause: string;
  advice: string;
  /** The last lines that the failing container or build printed. */
  log: string[];
};

const LONGEST_WALK = 12;

/** Follows the failing object down the tree. */
export async function why(root: Unstructured, reader: Reader): Promise<Verdict> {
  const verdict: Verdict = { healthy: false, path: [], cause: "", advice: "", log: [] };
  let object: Unstructured | undefined = root;
  for (let depth = 0; object && depth < LONGEST_WALK; depth++) {
    verdict.path.push(placeOf(object));
    const finding: Finding = (await STEPS[object.kind]?.(object, reader)) ?? {};
    verdict.cause = finding.cause ?? describe(notReady(object)) ?? verdict.cause;
    verdict.advice = finding.advice ?? adviceFor(object) ?? verdict.advice;
    verdict.log = finding.log ?? verdict.log;
    object = finding.next;
  }
  verdict.healthy = notReady(root) === undefined && verdict.path.length === 1 && !verdict.cause;
  const { name } = root.metadata;
  if (verdict.healthy) return { ...verdict, cause: "it is ready", advice: "" };
  return { ...verdict, advice: verdict.advice.replaceAll(/\bNAME\b/g, name) };
}

function placeOf({ kind, metadata: { name, namespace } }: Unstructured): string {
  return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}
