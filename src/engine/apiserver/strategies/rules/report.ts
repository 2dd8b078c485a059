/** Collecting violations while walking down an object. */
import {
  duplicate,
  forbiddenValue,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from "#kit/schema/field-errors.ts";
import type { FieldError } from "#kit/status.ts";

/** In the place of a value that messages do not show. */
export const PLAIN = Symbol("no value");

/** Where a check is in an object. What it finds goes into the list that all reports of the object share. */
export class Report {
  readonly path: string;
  private readonly errors: FieldError[];

  constructor(errors: FieldError[], path = "") {
    this.errors = errors;
    this.path = path;
  }

  /** How many violations have been found so far. */
  get found(): number {
    return this.errors.length;
  }

  /** The report of a member, or of a member of a member. */
  at(...names: readonly string[]): Report {
    const below = names.join(".");
    return new Report(this.errors, this.path ? `${this.path}.${below}` : below);
  }

  /** The report of a list's item. */
  item(index: number): Report {
    return new Report(this.errors, `${this.path}[${index}]`);
  }

  /** The report of a map's entry. */
  key(name: string): Report {
    return new Report(this.errors, `${this.path}[${name}]`);
  }

  required(why = ""): void {
    this.errors.push(required(this.path, why));
  }

  invalid(value: unknown, why: string): void {
    if (value !== PLAIN) this.errors.push(invalidValue(this.path, value, why));
    else this.errors.push({ field: this.path, reason: "FieldValueInvalid", message: `Invalid value: ${why}` });
  }

  /** One violation for each reason. */
  invalidFor(value: unknown, reasons: readonly string[]): void {
    for (const why of reasons) this.invalid(value, why);
  }

  forbidden(why: string): void {
    this.errors.push(forbiddenValue(this.path, why));
  }

  duplicate(value: unknown, why = ""): void {
    const error = duplicate(this.path, value);
    this.errors.push(why ? { ...error, message: `${error.message}: ${why}` } : error);
  }

  notFound(value: unknown, why = ""): void {
    const message = `Not found: ${JSON.stringify(value)}${why ? `: ${why}` : ""}`;
    this.errors.push({ field: this.path, reason: "FieldValueNotFound", message });
  }

  notSupported(value: unknown, supported: readonly unknown[]): void {
    this.errors.push(notSupported(this.path, value, supported));
  }

  tooLong(limit: number): void {
    this.errors.push(tooLong(this.path, limit));
  }

  tooMany(count: number, limit: number): void {
    this.errors.push(tooMany(this.path, count, limit));
  }

  /** A violation unless the value is one of those that are supported. */
  oneOf(value: unknown, supported: readonly unknown[]): void {
    if (!supported.includes(value)) this.notSupported(value ?? "", supported);
  }

  /** A violation when the value is missing. True when it is there. */
  needs(value: unknown, why = ""): boolean {
    if (value !== undefined && value !== null && value !== "") return true;
    this.required(why);
    return false;
  }

  /** A violation when the number is negative; nothing when there is none. */
  notNegative(value: number | undefined): void {
    if (value !== undefined && value < 0) this.invalid(value, "must be greater than or equal to 0");
  }

  /** A violation when the number is not from `first` to `last`. */
  between(value: number, first: number, last: number): void {
    if (!Number.isInteger(value) || value < first || value > last)
      this.invalid(value, `must be between ${first} and ${last}, inclusive`);
  }
}

/** The violations that a check reports. */
export function violations(check: (report: Report) => void): FieldError[] {
  const errors: FieldError[] = [];
  check(new Report(errors));
  return errors;
}
