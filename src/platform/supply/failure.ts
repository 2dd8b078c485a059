/** Why a step could not be carried out, as the condition that its resource gets. */
import type { Condition } from "#kit/conditions.ts";

/** A step's failure that waits for a change instead of a retry. */
export class StepFailure extends Error {
  override name = "StepFailure";
  readonly reason: string;
  readonly status: "False" | "Unknown";

  constructor(reason: string, message: string, status: "False" | "Unknown" = "False", options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.status = status;
  }

  condition(type: string): Condition {
    return { type, status: this.status, reason: this.reason, message: this.message };
  }
}
