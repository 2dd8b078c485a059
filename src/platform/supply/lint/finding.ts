/** What lint says of an object: errors are what a server or a reconciler would refuse, warnings what is likely no intention. */
import type { Unstructured } from "#api/meta.ts";

export type Path = readonly (string | number)[];

export type Finding = {
  severity: "error" | "warning";
  /** Name of the rule, for filters and reports. */
  rule: string;
  object: Unstructured;
  path: Path;
  message: string;
};

/** Findings of one object, collected. */
export class Report {
  readonly findings: Finding[] = [];
  private readonly object: Unstructured;

  constructor(object: Unstructured) {
    this.object = object;
  }

  error(rule: string, path: Path, message: string): void {
    this.findings.push({ severity: "error", rule, object: this.object, path, message });
  }

  warning(rule: string, path: Path, message: string): void {
    this.findings.push({ severity: "warning", rule, object: this.object, path, message });
  }
}
