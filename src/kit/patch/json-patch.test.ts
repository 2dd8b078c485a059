import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { JsonPatchError, jsonPatch } from "./json-patch.ts";

const APPLIES: [title: string, document: unknown, patch: unknown[], result: unknown][] = [
  ["adds a member", { a: 1 }, [{ op: "add", path: "/b", value: 2 }], { a: 1, b: 2 }],
  ["inserts into a list", { a: [1, 3] }, [{ op: "add", path: "/a/1", value: 2 }], { a: [1, 2, 3] }],
  ["appends to a list", { a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
  ["removes a member", { a: 1, b: 2 }, [{ op: "remove", path: "/b" }], { a: 1 }],
  ["removes a list item", { a: [1, 2] }, [{ op: "remove", path: "/a/0" }], { a: [2] }],
  ["replaces", { a: 1 }, [{ op: "replace", path: "/a", value: [2] }], { a: [2] }],
  ["replaces the whole document", { a: 1 }, [{ op: "replace", path: "", value: { b: 1 } }], { b: 1 }],
  ["moves", { a: 1 }, [{ op: "move", from: "/a", path: "/b" }], { b: 1 }],
  ["copies", { a: [1] }, [{ op: "copy", from: "/a", path: "/b" }], { a: [1], b: [1] }],
  [
    "tests regardless of member order",
    { a: { x: 1, y: 2 } },
    [{ op: "test", path: "/a", value: { y: 2, x: 1 } }],
    { a: { x: 1, y: 2 } },
  ],
  ["unescapes pointers", { "a/b": { "c~d": 1 } }, [{ op: "remove", path: "/a~1b/c~0d" }], { "a/b": {} }],
];

for (const [title, document, patch, result] of APPLIES)
  test(title, () => {
    const before = structuredClone(document);
    deepEqual(jsonPatch(document, patch), result);
    deepEqual(document, before);
  });

test("treats __proto__ as a plain member", () => {
  const result = jsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]) as object;
  deepEqual(Object.keys(result), ["__proto__"]);
  deepEqual(({} as { polluted?: boolean }).polluted, undefined);
});

const REFUSES: [title: string, patch: unknown, kind: "syntax" | "mismatch"][] = [
  ["a patch that is no list", {}, "syntax"],
  ["an unknown operation", [{ op: "fly", path: "/a" }], "syntax"],
  ["a path without a slash", [{ op: "remove", path: "a" }], "syntax"],
  ["add without a value", [{ op: "add", path: "/a" }], "syntax"],
  ["removing what is not there", [{ op: "remove", path: "/x" }], "mismatch"],
  ["a failing test", [{ op: "test", path: "/a", value: 2 }], "mismatch"],
  ["an index behind the end", [{ op: "add", path: "/list/3", value: 2 }], "mismatch"],
  ["an index with leading zeros", [{ op: "remove", path: "/list/00" }], "mismatch"],
];

for (const [title, patch, kind] of REFUSES)
  test(`refuses ${title}`, () => {
    throws(
      () => jsonPatch({ a: 1, list: [1] }, patch),
      (error) => error instanceof JsonPatchError && error.kind === kind,
    );
  });
