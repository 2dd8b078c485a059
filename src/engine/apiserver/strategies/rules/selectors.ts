/** Label selectors and maps of labels. */
import type { LabelSelector } from "#kit/selector.ts";
import { labelKey, labelValue } from "./names.ts";
import type { Report } from "./report.ts";

/** A map of labels; keys and values are reported at the map. */
export function checkLabels(labels: Readonly<Record<string, string>> | undefined, report: Report): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    report.invalidFor(key, labelKey(key));
    report.invalidFor(value, labelValue(value));
  }
}

/** A selector, which may be absent. */
export function checkSelector(selector: LabelSelector | undefined, report: Report): void {
  if (!selector) return;
  checkLabels(selector.matchLabels, report.at("matchLabels"));
  selector.matchExpressions?.forEach(({ key, operator, values = [] }, index) => {
    const at = report.at("matchExpressions").item(index);
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) at.at("values").required("must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0)
        at.at("values").forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else at.at("operator").invalid(operator ?? "", "not a valid selector operator");
    at.at("key").invalidFor(key ?? "", labelKey(key ?? ""));
    values.forEach((value, position) => {
      at.at("values").item(position).invalidFor(value, labelValue(value));
    });
  });
}

/** True for a selector that selects everything. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return !Object.keys(selector.matchLabels ?? {}).length && !selector.matchExpressions?.length;
}
