import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { difference, type FieldSet, intersection, isEmptySet, parseFieldSet, pathsOf, union } from "./field-set.ts";

const a: FieldSet = { "f:spec": { ".": {}, "f:x": {}, "f:y": {} } };
const b: FieldSet = { "f:spec": { "f:y": {}, "f:z": {} } };

test("lists its paths", () => {
  const set: FieldSet = { "f:spec": { 'k:{"name":"c"}': { ".": {}, "f:image": {} }, 'v:"a"': {} } };
  deepEqual(pathsOf(set), ['.spec[name="c"]', '.spec[="a"]', '.spec[name="c"].image']);
});

test("unites, subtracts and intersects", () => {
  deepEqual(pathsOf(union(a, b)).sort(), [".spec", ".spec.x", ".spec.y", ".spec.z"]);
  deepEqual(pathsOf(difference(a, b)), [".spec", ".spec.x"]);
  deepEqual(pathsOf(intersection(a, b)), [".spec.y"]);
});

test("a node that was alone keeps its membership when children join", () => {
  deepEqual(pathsOf(union({ "f:a": {} }, { "f:a": { "f:b": {} } })), [".a", ".a.b"]);
});

test("refuses what is no set", () => {
  for (const value of [1, null, [], { spec: {} }, { "f:a": 1 }, { "k:nonsense": {} }])
    equal(parseFieldSet(value), undefined);
});

const node = fc.letrec<{ set: FieldSet }>((tie) => ({
  set: fc.dictionary(fc.constantFrom("f:a", "f:b", "f:c"), fc.oneof({ maxDepth: 3 }, fc.constant({}), tie("set")), {
    maxKeys: 3,
  }) as fc.Arbitrary<FieldSet>,
})).set;

test("behaves like sets of paths", () => {
  fc.assert(
    fc.property(node, node, (left, right) => {
      const [l, r] = [new Set(pathsOf(left)), new Set(pathsOf(right))];
      deepEqual(new Set(pathsOf(union(left, right))), l.union(r));
      deepEqual(new Set(pathsOf(difference(left, right))), l.difference(r));
      deepEqual(new Set(pathsOf(intersection(left, right))), l.intersection(r));
      equal(isEmptySet(difference(left, left)), true);
    }),
    { numRuns: 300 },
  );
});
