// Random structural schemas with random objects.
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clone } from "../json.ts";
import { validateEmbedded } from "./embedded.ts";
import { applyDefaults, dropForbiddenNulls, prune } from "./fill.ts";
import { defaultProblems } from "./legal/defaults.ts";
import { keywordProblems } from "./legal/keywords.ts";
import { firstMisfit } from "./legal/known-keywords.ts";
import { structuralProblems } from "./legal/structural.ts";
import { validateLists } from "./lists.ts";
import type { StructuralSchema } from "./structural.ts";
import { validate } from "./validate.ts";

const NAMES = ["a", "b", "c", "metadata"];

const { schema } = fc.letrec<{ schema: StructuralSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.record(
      {
        type: fc.constant("string" as const),
        maxLength: fc.nat(5),
        nullable: fc.boolean(),
        default: fc.string({ maxLength: 4 }),
      },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constant("integer" as const),
        minimum: fc.integer({ min: -5, max: 5 }),
        default: fc.integer({ min: 5, max: 9 }),
      },
      { requiredKeys: ["type"] },
    ),
    fc.constant<StructuralSchema>({ "x-kubernetes-int-or-string": true }),
    fc.constantFrom<StructuralSchema>(
      { type: "boolean", nullable: true },
      { type: "number", maximum: 5 },
      { type: "string", format: "date-time" },
      { type: "array", minItems: 1, maxItems: 2 },
      { type: "object", maxProperties: 1 },
    ),
    fc.constant<StructuralSchema>({ type: "object", "x-kubernetes-preserve-unknown-fields": true }),
    tie("schema").map((items): StructuralSchema => ({ type: "array", items })),
    tie("schema").map((items): StructuralSchema => ({ type: "array", items, "x-kubernetes-list-type": "set" })),
    tie("schema").map((values): StructuralSchema => ({ type: "object", additionalProperties: values })),
    fc
      .tuple(fc.dictionary(fc.constantFrom(...NAMES), tie("schema"), { maxKeys: 3 }), fc.subarray(NAMES), fc.boolean())
      .map(
        ([properties, required, withDefault]): StructuralSchema => ({
          type: "object",
          properties,
          ...(required.length > 0 && { required }),
          ...(withDefault && { default: {} }),
        }),
      ),
  ),
}));

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, "", "text", 0, 7, 1.5),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES, "unknown"), tie("value"), { maxKeys: 4 }),
  ),
})).value;

/** What a server does to an object before it checks it. */
function tidied(given: StructuralSchema, object: unknown): unknown {
  const draft = clone(object);
  prune(given, draft);
  dropForbiddenNulls(given, draft);
  applyDefaults(given, draft);
  return draft;
}

test("the short look at an object finds what the full one finds", () => {
  fc.assert(
    fc.property(schema, value, (given, object) => {
      deepEqual(validate(given, object), validate({ ...given, allOf: [] }, object));
    }),
  );
});

test("tidying an object that is tidy changes nothing", () => {
  fc.assert(
    fc.property(schema, value, (given, object) => {
      const once = tidied(given, object);
      const twice = clone(once);
      applyDefaults(given, twice);
      deepEqual(twice, once);
      deepEqual(prune(given, twice), prune(given, clone(twice)));
    }),
    { numRuns: 500 },
  );
});

test("pruning leaves nothing to prune", () => {
  fc.assert(
    fc.property(schema, value, (given, object) => {
      const pruned = clone(object);
      prune(given, pruned);
      const again = clone(pruned);
      deepEqual(prune(given, again), []);
      deepEqual(again, pruned);
    }),
    { numRuns: 500 },
  );
});

test("validation never throws, always says the same, and an unchanged object passes", () => {
  fc.assert(
    fc.property(schema, value, (given, object) => {
      const errors = [...validate(given, object), ...validateLists(given, object), ...validateEmbedded(given, object)];
      deepEqual(errors, [
        ...validate(given, object),
        ...validateLists(given, object),
        ...validateEmbedded(given, object),
      ]);
      for (const { field, message } of errors) equal(field !== "" && message !== "", true);
      if (object !== undefined) deepEqual(validate(given, object, "", clone(object)), []);
    }),
    { numRuns: 500 },
  );
});

test("anything may be said to be a schema: it is judged, not thrown at", () => {
  const keyword = fc.constantFrom(
    "type",
    "properties",
    "items",
    "allOf",
    "not",
    "default",
    "required",
    "pattern",
    "additionalProperties",
    "x-kubernetes-list-type",
    "x-kubernetes-validations",
  );
  fc.assert(
    fc.property(fc.dictionary(keyword, fc.oneof(value, fc.dictionary(keyword, value))), (given) => {
      if (firstMisfit(given, "s")) return;
      structuralProblems(given as StructuralSchema, "s");
      keywordProblems(given as StructuralSchema, "s");
      defaultProblems(given as StructuralSchema, "s");
    }),
    { numRuns: 1000 },
  );
});
