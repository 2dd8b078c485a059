import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { compileSelector, type LabelSelector, parseSelector } from "./selector.ts";
import { StatusError } from "./status.ts";

const OBJECTS = { none: undefined, web: { app: "web", tier: "front" }, db: { app: "db", size: "3" } };
const selected = (matches: (labels: Record<string, string> | undefined) => boolean) =>
  Object.entries(OBJECTS).flatMap(([name, labels]) => (matches(labels) ? [name] : []));

const QUERIES: [query: string, selected: string[]][] = [
  ["", ["none", "web", "db"]],
  ["app=web", ["web"]],
  ["app==web", ["web"]],
  ["app!=web", ["none", "db"]],
  ["app", ["web", "db"]],
  ["!app", ["none"]],
  ["app in (web, db), tier", ["web"]],
  ["app notin (web)", ["none", "db"]],
  ["size>2", ["db"]],
  ["size<3", []],
  ["app=web,tier=front", ["web"]],
  ["constructor", []],
  ["!constructor", ["none", "web", "db"]],
];

for (const [query, expected] of QUERIES) test(`"${query}"`, () => deepEqual(selected(parseSelector(query)), expected));

const SELECTORS: [selector: LabelSelector, selected: string[]][] = [
  [{}, ["none", "web", "db"]],
  [{ matchLabels: { app: "web" } }, ["web"]],
  [{ matchExpressions: [{ key: "app", operator: "In", values: ["web", "db"] }] }, ["web", "db"]],
  [{ matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }, ["none", "db"]],
];

for (const [selector, expected] of SELECTORS)
  test(JSON.stringify(selector), () => deepEqual(selected(compileSelector(selector)), expected));

for (const query of ["a b", "=x", "app in web", "a/b/c=d"])
  test(`refuses "${query}"`, () =>
    throws(
      () => parseSelector(query),
      (error) => error instanceof StatusError && error.reason === "BadRequest",
    ));
