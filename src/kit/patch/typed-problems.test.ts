import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { StructuralSchema } from "../schema/structural.ts";
import { typedProblems } from "./typed-problems.ts";

const schema: StructuralSchema = {
  type: "object",
  properties: {
    text: { type: "string" },
    set: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port"],
      items: { type: "object", properties: { port: { type: "integer" } } },
    },
    open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    either: { "x-kubernetes-int-or-string": true },
  },
};

const CASES: [value: unknown, problems: string[]][] = [
  [{ text: "a", set: ["a"], ports: [{ port: 1 }], open: { any: [1] }, either: 5 }, []],
  [{ text: null, set: null }, []],
  [{ text: 1 }, [".text: expected string, got &value.valueUnstructured{Value:1}"]],
  [{ set: "a" }, [".set: expected list, got &{a}"]],
  [{ other: 1 }, [".other: field not declared in schema"]],
  [{ set: ["x", "x"] }, ['.set: duplicate entries for key [="x"]']],
  [{ ports: [{ port: 1 }, { port: 1 }] }, [".ports: duplicate entries for key [port=1]"]],
  [{ ports: [5] }, [".ports: element 0: associative list with keys may not have non-map elements"]],
];

for (const [value, problems] of CASES)
  test(JSON.stringify(value), () => deepEqual(typedProblems(schema, value), problems));
