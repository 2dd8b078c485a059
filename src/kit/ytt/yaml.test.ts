/** YAML 1.1 as ytt reads and writes it: what ytt gives, byte for byte. */
import { type Case, checkCases } from "../../../test/ytt/case.ts";

const CASES: readonly Case[] = [
  {
    name: "plain scalars resolve as in YAML 1.1",
    template: `#@ x = 1
a: [yes, no, on, off, y, n, True, ~, null, Null]
b: [0x1F, 0b11, 0o17, 012, 1_000, +1, -0]
c: [1e3, .5, .inf, -.inf, .nan, 1.50]
d: [2001-01-01, 1:30, 1:60, "12", '~']
`,
    gives: `a:
- true
- false
- true
- false
- true
- false
- true
- null
- null
- null
b:
- 31
- 3
- 15
- 10
- 1000
- 1
- 0
c:
- 1000
- 0.5
- .inf
- -.inf
- .nan
- 1.5
d:
- "2001-01-01"
- "1:30"
- 1:60
- "12"
- "~"
`,
  },
  {
    name: "keys resolve too",
    template: `#@ x = 1
y: 1
1: 2
~: 3
1.5: 4
"1": 5
`,
    gives: `true: 1
1: 2
null: 3
1.5: 4
"1": 5
`,
  },
  {
    name: "strings are quoted when they must be",
    template: `a: #@ ["true", "1", "1.5", "~", "", " x", "x ", "a: b", "a #b", "- x", "@x", "it's", 'q"q', "0777", "1:2", "=", "a\\tb", "é", "😀", "\\x07", "null", "2001-01-01", "{}", "*x", "%", "a,b", "[x", "---", "--", "0x", "<<"]
`,
    gives: `a:
- "true"
- "1"
- "1.5"
- "~"
- ""
- ' x'
- 'x '
- 'a: b'
- 'a #b'
- '- x'
- '@x'
- it's
- q"q
- "0777"
- "1:2"
- =
- "a\\tb"
- é
- "\\U0001F600"
- "\\a"
- "null"
- "2001-01-01"
- '{}'
- '*x'
- '%'
- a,b
- '[x'
- '---'
- --
- 0x
- <<
`,
  },
  {
    name: "text with line breaks is a block",
    template: `a: #@ "one\\ntwo\\n"
b: #@ "one\\ntwo"
c: #@ "one\\n\\n"
d: #@ " lead\\nx"
e: #@ "\\nx"
f: #@ "x \\ny"
g: #@ "a\\r\\nb"
`,
    gives: `a: |
  one
  two
b: |-
  one
  two
c: |+
  one

d: |2-
   lead
  x
e: |2-

  x
f: "x \\ny"
g: "a\\r\\nb"
`,
  },
  {
    name: "numbers",
    template: `a: #@ [1.0, 100000.0, 1e6, 1e20, 1e21, 1000000.5, 0.0001, 0.00001, -0.0, 1e100]
b: #@ [9007199254740993, -9223372036854775808, 18446744073709551615]
`,
    gives: `a:
- 1
- 100000
- 1e+06
- 1e+20
- 1e+21
- 1.0000005e+06
- 0.0001
- 1e-05
- -0
- 1e+100
b:
- 9007199254740993
- -9223372036854775808
- 18446744073709551615
`,
  },
  {
    name: "collections",
    template: `a: #@ [[1, [2]], {"x": [{"y": 1}]}, [], {}]
b: #@ {"k": {"l": []}}
c: #@ (1, 2)
`,
    gives: `a:
- - 1
  - - 2
- x:
  - "y": 1
- []
- {}
b:
  k:
    l: []
c:
- 1
- 2
`,
  },
  {
    name: "anchors, aliases and merges",
    template: `base: &b
  x: 1
  y: 2
more:
  <<: *b
  z: 3
same: *b
`,
    gives: `base:
  x: 1
  true: 2
more:
  x: 1
  true: 2
  z: 3
same:
  x: 1
  true: 2
`,
  },
  {
    name: "tags",
    template: `a: !!str 5
b: !!int "7"
c: !!binary aGk=
d: !custom x
e: !!float 1
`,
    gives: `a: "5"
b: 7
c: hi
d: x
e: 1
`,
  },
  {
    name: "block scalars",
    template: `a: |
  one
   two
b: >
  one
  two

  three
c: |-
  x
d: |+
  x

e: |2
    y
`,
    gives: `a: |
  one
   two
b: |
  one two
  three
c: x
d: |+
  x

e: |2
    y
`,
  },
  {
    name: "quoted scalars",
    template: `a: "x\\ty\\u00e9\\x41\\
  joined"
b: 'it''s

  folded'
`,
    gives: `a: "x\\tyéAjoined"
b: |-
  it's
  folded
`,
  },
  {
    name: "flow collections",
    template: `a: {x: 1, "y": [2, {z: 3}], w}
b: [a: 1, b]
`,
    gives: `a:
  x: 1
  "y":
  - 2
  - z: 3
  w: null
b:
- a: 1
- b
`,
  },
  {
    name: "bytes that are no text",
    template: `a: #@ "é"[0]
`,
    gives: `a: !!binary ww==
`,
  },
  {
    name: "documents and their markers",
    template: `%YAML 1.1
---
a: 1
...
---
b: 2
---
---
{}
`,
    gives: `a: 1
---
b: 2
`,
  },
  {
    name: "error: a tab as indentation",
    template: `a:
	b: 1
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: line 2: found character that cannot start any token",
  },
  {
    name: "error: a mapping in a value",
    template: `a: b: c
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: line 1: mapping values are not allowed in this context",
  },
  {
    name: "error: an unclosed quote",
    template: `a: "x
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: line 2: found unexpected end of stream",
  },
  {
    name: "error: a bad indentation",
    template: `a:
  b: 1
 c: 2
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: line 2: did not find expected key",
  },
  {
    name: "error: an unknown anchor",
    template: `a: *x
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: unknown anchor 'x' referenced",
  },
  {
    name: "error: a reserved character",
    template: `a: @x
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: line 1: found character that cannot start any token",
  },
  {
    name: "error: a wrong item",
    template: `a:
- 1
b
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: line 4: could not find expected ':'",
  },
  {
    name: "error: a merge of no map",
    template: `a:
  <<: 1
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: map merge requires map or sequence of maps as the value",
  },
];

checkCases("yaml", CASES);
