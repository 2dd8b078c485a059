/** Conditions in the form that most kinds share: meta.k8s.io/v1 Condition. */

import { labelKey } from "./names.ts";
import type { Report } from "./report.ts";

type Condition = {
  readonly type?: string;
  readonly status?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string | null;
  readonly reason?: string;
  readonly message?: string;
};

const STATUSES = ["False", "True", "Unknown"];
const REASON = /^[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const LONGEST_REASON = 1024;
const LONGEST_MESSAGE = 32_768;
const NO_REASON =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";

/** Conditions at `report`, each of a type of its own. */
export function checkConditions(conditions: readonly Condition[] = [], report: Report): void {
  const seen = new Set<string>();
  conditions.forEach((condition, index) => {
    const { type = "", status = "", observedGeneration = 0, lastTransitionTime, reason = "", message = "" } = condition;
    const at = report.item(index);
    if (at.at("type").needs(type, "must be set")) at.at("type").invalidFor(type, labelKey(type));
    if (seen.has(type)) at.at("type").duplicate(type);
    seen.add(type);
    at.at("status").oneOf(status, STATUSES);
    if (observedGeneration < 0)
      at.at("observedGeneration").invalid(observedGeneration, "must be greater than or equal to zero");
    at.at("lastTransitionTime").needs(lastTransitionTime);
    if (reason.length > LONGEST_REASON) at.at("reason").tooLong(LONGEST_REASON);
    if (at.at("reason").needs(reason) && !REASON.test(reason)) at.at("reason").invalid(reason, NO_REASON);
    if (message.length > LONGEST_MESSAGE) at.at("message").tooLong(LONGEST_MESSAGE);
  });
}
