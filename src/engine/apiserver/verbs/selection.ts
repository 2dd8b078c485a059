/** Label and field selectors of lists and watches, compiled to one predicate over entries. */
import { findFirst } from "#kit/jsonpath.ts";
import { parseSelector } from "#kit/selector.ts";
import { failure } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import { selectableFields, unselectable } from "../strategies/fields.ts";
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
    for (const term of termsOf(query.fieldSelector)) if (term.trim()) tests.push(fieldTest(served, term.trim()));
  const [first, second] = tests;
  if (!first) return undefined;
  return second ? (entry) => tests.every((test) => test(entry)) : first;
}

/** Terms are separated by commas; those with a backslash before them belong to the term. */
function termsOf(selector: string): string[] {
  return selector.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];
}

function unescaped(value: string): string {
  const odd = /\\(?![\\,=])/.exec(value);
  if (!odd) return value.replace(/\\([\\,=])/g, "$1");
  const sequence = value.slice(odd.index, odd.index + 2);
  throw failure("BadRequest", `invalid field selector: invalid escape sequence: ${sequence}`);
}

function fieldTest(served: ServedResource, term: string): (entry: Entry) => boolean {
  const match = /^([^=!]*)(==|=|!=)(.*)$/.exec(term);
  if (!match) throw failure("BadRequest", `invalid selector: '${term}'; can't understand '${term}'`);
  const [, path = "", operator, raw = ""] = match;
  const odd = /(?<!\\)[=,]/.exec(raw)?.[0];
  if (odd) throw failure("BadRequest", `invalid field selector: unescaped character in value: ${odd.charCodeAt(0)}`);
  const value = unescaped(raw);
  const read = reader(served, path);
  return operator === "!=" ? (entry) => read(entry) !== value : (entry) => read(entry) === value;
}

function reader(served: ServedResource, path: string): (entry: Entry) => string {
  if (path === "metadata.name") return (entry) => entry.name;
  if (path === "metadata.namespace" && (served.namespaced || served.facts.builtin)) return (entry) => entry.namespace;
  const fields = selectableFields(served.facts);
  const field = fields && Object.hasOwn(fields, path) ? fields[path] : undefined;
  if (field) return (entry) => field(entry.object);
  if (served.facts.selectableFields.includes(`.${path}`))
    return (entry) => String(findFirst(entry.object, `.${path}`) ?? "");
  if (fields || !served.facts.builtin) throw failure("BadRequest", unselectable(served.facts, path));
  throw failure("BadRequest", `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
