/** Label and field selectors of lists and watches, compiled to one predicate over entries. */
import { findFirst } from "#kit/jsonpath.ts";
import { parseSelector } from "#kit/selector.ts";
import { failure } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import { selectableFields } from "../strategies/fields.ts";
import type { Query } from "../wire/request.ts";

/** Undefined selects everything. */
export type Selection = ((entry: Entry) => boolean) | undefined;

/** Compiles the selectors of a query; `name` restricts to one object. Throws BadRequest on a selector that does not parse. */
export function selectionOf(served: ServedResource, query: Query, name?: string): Selection {
  const tests: ((entry: Entry) => boolean)[] = [];
  if (name !== undefined) tests.push((entry) => entry.name === name);
  if (query.labelSelector) {
    const matches = parseSelector(query.labelSelector);
    tests.push((entry) => matches(entry.labels));
  }
  if (query.fieldSelector)
    for (const term of query.fieldSelector.split(",")) if (term.trim()) tests.push(fieldTest(served, term.trim()));
  const [first, second] = tests;
  if (!first) return undefined;
  return second ? (entry) => tests.every((test) => test(entry)) : first;
}

function fieldTest(served: ServedResource, term: string): (entry: Entry) => boolean {
  const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
  if (!match) throw failure("BadRequest", `invalid field selector "${term}": expected path=value`);
  const [, path = "", operator, raw = ""] = match;
  const value = raw.replace(/\\([\\,=])/g, "$1");
  const read = reader(served, path);
  return operator === "!=" ? (entry) => read(entry) !== value : (entry) => read(entry) === value;
}

function reader(served: ServedResource, path: string): (entry: Entry) => string {
  if (path === "metadata.name") return (entry) => entry.name;
  if (path === "metadata.namespace") return (entry) => entry.namespace;
  const fields = selectableFields(served.facts);
  const field = fields && Object.hasOwn(fields, path) ? fields[path] : undefined;
  if (field) return (entry) => field(entry.object);
  if (served.facts.selectableFields.includes(`.${path}`))
    return (entry) => String(findFirst(entry.object, `.${path}`) ?? "");
  if (fields || !served.facts.builtin) throw failure("BadRequest", `field label not supported: ${path}`);
  throw failure("BadRequest", `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
