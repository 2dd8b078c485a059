/** Overlays: what ytt gives, byte for byte. */
import { type Case, checkCases } from "../../../test/ytt/case.ts";

const CASES: readonly Case[] = [
  {
    name: "maps merge and scalars replace",
    files: {
      "base.yml": `---
a: 1
b:
  c: 1
  d: 2
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
b:
  c: 5
`,
    },
    gives: `a: 1
b:
  c: 5
  d: 2
`,
  },
  {
    name: "missing_ok adds",
    files: {
      "base.yml": `---
a: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/match missing_ok=True
b:
  c: 2
`,
    },
    gives: `a: 1
b:
  c: 2
`,
  },
  {
    name: "match-child-defaults is inherited",
    files: {
      "base.yml": `---
a: {}
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/match-child-defaults missing_ok=True
a:
  b:
    c: 1
`,
    },
    gives: `a:
  b:
    c: 1
`,
  },
  {
    name: "remove",
    files: {
      "base.yml": `---
a: 1
b: 2
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/remove
a:
`,
    },
    gives: `b: 2
`,
  },
  {
    name: "replace",
    files: {
      "base.yml": `---
a:
  b: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/replace
a:
  c: 2
`,
    },
    gives: `a:
  c: 2
`,
  },
  {
    name: "replace via a function",
    files: {
      "base.yml": `---
a: x
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/replace via=lambda left, right: left + "-" + right
a: z
`,
    },
    gives: `a: x-z
`,
  },
  {
    name: "replace or add",
    files: {
      "base.yml": `---
a: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/match missing_ok=True
#@overlay/replace or_add=True
b: 2
`,
    },
    gives: `a: 1
b: 2
`,
  },
  {
    name: "array items are appended",
    files: {
      "base.yml": `---
l: [1]
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
- 2
`,
    },
    gives: `l:
- 1
- 2
`,
  },
  {
    name: "array items by key",
    files: {
      "base.yml": `---
l:
- name: a
  v: 1
- name: b
  v: 2
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match by="name"
- name: b
  v: 5
`,
    },
    gives: `l:
- name: a
  v: 1
- name: b
  v: 5
`,
  },
  {
    name: "array items by index",
    files: {
      "base.yml": `---
l: [a, b, c]
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match by=overlay.index(1)
#@overlay/replace
- x
`,
    },
    gives: `l:
- a
- x
- c
`,
  },
  {
    name: "insert before and after",
    files: {
      "base.yml": `---
l: [a, b]
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match by=overlay.index(1)
#@overlay/insert before=True, after=True
- x
`,
    },
    gives: `l:
- a
- x
- b
- x
`,
  },
  {
    name: "remove items by a function",
    files: {
      "base.yml": `---
l: [1, 2, 3, 4]
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match by=lambda i, l, r: l % 2 == 0, expects=2
#@overlay/remove
-
`,
    },
    gives: `l:
- 1
- 3
`,
  },
  {
    name: "all items",
    files: {
      "base.yml": `---
l:
- n: 1
- n: 2
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match by=overlay.all, expects="1+"
-
  #@overlay/match missing_ok=True
  m: 1
`,
    },
    gives: `l:
- false: 1
  m: 1
- false: 2
  m: 1
`,
  },
  {
    name: "append",
    files: {
      "base.yml": `---
l: [1]
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/append
- 2
`,
    },
    gives: `l:
- 1
- 2
`,
  },
  {
    name: "when nothing matches",
    files: {
      "base.yml": `---
a: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/match when=1
z: 2
`,
    },
    gives: `a: 1
`,
  },
  {
    name: "expects a function",
    files: {
      "base.yml": `---
a: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/match expects=lambda n: n == 1
a: 2
`,
    },
    gives: `a: 2
`,
  },
  {
    name: "assert that holds",
    files: {
      "base.yml": `---
a: 5
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/assert via=lambda l, r: l > 3
a:
`,
    },
    gives: `a: 5
`,
  },
  {
    name: "null replaces",
    files: {
      "base.yml": `---
a:
  b: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
a: null
`,
    },
    gives: `a: null
`,
  },
  {
    name: "and_op, or_op and not_op",
    files: {
      "base.yml": `---
l:
- {size: 1, k: a}
- {size: 2, k: a}
- {size: 3, k: b}
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match by=overlay.and_op(overlay.subset({"k": "a"}), overlay.not_op(overlay.subset({"size": 1})))
#@overlay/remove
-
`,
    },
    gives: `l:
- size: 1
  k: a
- size: 3
  k: b
`,
  },
  {
    name: "map_key",
    files: {
      "base.yml": `---
l:
- {size: 1, v: a}
- {size: 2, v: b}
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match by=overlay.map_key("size")
- size: 2
  v: c
`,
    },
    gives: `l:
- size: 1
  v: a
- size: 2
  v: c
`,
  },
  {
    name: "error: nothing matches",
    files: {
      "base.yml": `---
a: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
b: 2
`,
    },
    fails: `Overlaying (in following order: overlay.yml):
  Document on line overlay.yml:3:
    Map item (key 'b') on line overlay.yml:4:
      Expected number of matched nodes to be 1, but was 0`,
  },
  {
    name: "error: kinds differ",
    files: {
      "base.yml": `---
a: text
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
a:
  b: 1
`,
    },
    fails: `Overlaying (in following order: overlay.yml):
  Document on line overlay.yml:3:
    Map item (key 'a') on line overlay.yml:4:
      Expected map, but was string`,
  },
  {
    name: "error: too many match",
    files: {
      "base.yml": `---
l: [1, 2]
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match by=overlay.all
- 3
`,
    },
    fails: `Overlaying (in following order: overlay.yml):
  Document on line overlay.yml:3:
    Map item (key 'l') on line overlay.yml:4:
      Array item on line overlay.yml:6:
        Expected number of matched nodes to be 1, but was 2 (lines: base.yml:2, base.yml:2)`,
  },
  {
    name: "error: an assertion fails",
    files: {
      "base.yml": `---
a: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/assert via=lambda l, r: (l > 3, "must be more than three")
a:
`,
    },
    fails: `Overlaying (in following order: overlay.yml):
  Document on line overlay.yml:3:
    Map item (key 'a') on line overlay.yml:5:
      Expected via invocation to return true, but was false with message: must be more than three`,
  },
  {
    name: "error: two operations",
    files: {
      "base.yml": `---
a: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/remove
#@overlay/replace
a:
`,
    },
    fails: `Overlaying (in following order: overlay.yml):
  Document on line overlay.yml:3:
    Map item (key 'a') on line overlay.yml:6:
      Expected to find only one overlay operation`,
  },
  {
    name: "error: insert on a map item",
    files: {
      "base.yml": `---
a: 1
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
#@overlay/insert after=True
a:
`,
    },
    fails: `Overlaying (in following order: overlay.yml):
  Document on line overlay.yml:3:
    Map item (key 'a') on line overlay.yml:5:
      Found @overlay/insert on map item (overlay.yml:5); only array items can be annotated with @overlay/insert`,
  },
  {
    name: "error: an array item needs by",
    files: {
      "base.yml": `---
l: [1]
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.all
---
l:
#@overlay/match expects=1
- 2
`,
    },
    fails: `Overlaying (in following order: overlay.yml):
  Document on line overlay.yml:3:
    Map item (key 'l') on line overlay.yml:4:
      Array item on line overlay.yml:6:
        Expected 'overlay/match' annotation keyword argument 'by' to be specified`,
  },
  {
    name: "documents by their fields, of all files",
    files: {
      "a.yml": `kind: A
n: 1
---
kind: B
n: 2
`,
      "b.yml": `kind: A
n: 3
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.subset({"kind": "A"}), expects=2
---
n: 9
`,
    },
    gives: `kind: A
false: 9
---
kind: B
false: 2
---
kind: A
false: 9
`,
  },
  {
    name: "documents can be removed and appended",
    files: {
      "a.yml": `kind: A
---
kind: B
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.subset({"kind": "A"})
#@overlay/remove
---
#@overlay/match by=overlay.subset({"kind": "B"})
#@overlay/insert before=True
---
kind: C
`,
    },
    gives: `kind: C
---
kind: B
`,
  },
  {
    name: "error: no document matches",
    files: {
      "a.yml": `kind: A
`,
      "overlay.yml": `#@ load("@ytt:overlay", "overlay")
#@overlay/match by=overlay.subset({"kind": "X"})
---
n: 9
`,
    },
    fails: `Overlaying (in following order: overlay.yml):
  Document on line overlay.yml:3:
    Expected number of matched nodes to be 1, but was 0`,
  },
];

checkCases("overlays", CASES);
