/** What the rules of one schema may cost, each and all together. */
import { forbiddenValue } from "../../schema/field-errors.ts";
import type { FieldError } from "../../status.ts";

const EACH = 10_000_000;
const ALL = 100_000_000;
/** So many rules are named when all together cost too much, unless they cost next to nothing. */
const NAMED = 4;
const NOTABLE = 0.01;

export class Budget {
  private total = 0;
  private readonly expensive: { path: string; cost: number }[] = [];

  /** Counts the cost of an expression. The problem, if it alone costs too much. */
  spend(path: string, what: string, cost: number): FieldError[] {
    this.total += cost;
    if (cost >= ALL * NOTABLE) this.expensive.push({ path, cost });
    return cost > EACH ? [forbiddenValue(path, excess(what, cost / EACH))] : [];
  }

  /** The problems of all rules together; `path` is that of the schema. */
  problems(path: string): FieldError[] {
    if (this.total <= ALL) return [];
    const most = this.expensive.toSorted((left, right) => right.cost - left.cost).slice(0, NAMED);
    const why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
    return [
      ...most.map(({ path: at }) => forbiddenValue(at, why)),
      forbiddenValue(path, excess(what, this.total / ALL)),
    ];
  }
}

function excess(what: string, factor: number): string {
  const shown = factor > 100 ? "more than 100" : factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1);
  return `${what} exceeds budget by factor of ${shown}x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
