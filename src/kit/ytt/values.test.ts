/** Data values and their schema: what ytt gives, byte for byte. */
import { type Case, checkCases } from "../../../test/ytt/case.ts";

const CASES: readonly Case[] = [
  {
    name: "documents of data values are overlays of each other",
    files: {
      "v1.yml": `#@data/values
---
a: 1
b:
  c: x
`,
      "v2.yml": `#@data/values
---
b:
  c: y
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
    },
    gives: `all:
  a: 1
  b:
    c: true
`,
  },
  {
    name: "a new key needs missing_ok",
    files: {
      "v1.yml": `#@data/values
---
a: 1
`,
      "v2.yml": `#@ load("@ytt:overlay", "overlay")
#@data/values
---
#@overlay/match missing_ok=True
b: 2
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
    },
    gives: `all:
  a: 1
  b: 2
`,
  },
  {
    name: "error: a new key without missing_ok",
    files: {
      "v1.yml": `#@data/values
---
a: 1
`,
      "v2.yml": `#@data/values
---
b: 2
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
    },
    fails: `Overlaying data values (in following order: v1.yml, v2.yml):
  Document on line v2.yml:2:
    Map item (key 'b') on line v2.yml:3:
      Expected number of matched nodes to be 1, but was 0`,
  },
  {
    name: "values from outside replace",
    files: {
      "v1.yml": `#@data/values
---
a: 1
b: {x: 1}
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
    },
    values: { a: 2, b: { y: 1 } },
    gives: `all:
  a: 2
  b:
    "y": 1
`,
  },
  {
    name: "plain YAML from outside merges maps",
    files: {
      "v1.yml": `#@data/values
---
a: 1
b: {x: 1, l: [1, 2]}
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
    },
    valuesYaml: `b:
  z: 2
  l: [3]
new: true
`,
    gives: `all:
  a: 1
  b:
    x: 1
    l:
    - 3
    z: 2
  new: true
`,
  },
  {
    name: "a schema gives types and defaults",
    files: {
      "schema.yml": `#@data/values-schema
---
name: app
port: 80
ratio: 0.5
flag: false
list:
- name: ""
  size: 1
map:
  a: x
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
    },
    valuesYaml: `list:
- name: x
ratio: 2
`,
    gives: `all:
  name: app
  port: 80
  ratio: 2
  flag: false
  list:
  - name: x
    size: 1
  map:
    a: x
`,
  },
  {
    name: "nullable, any, type and default",
    files: {
      "schema.yml": `#@data/values-schema
---
#@schema/nullable
a: x
#@schema/type any=True
b:
  free: [1]
#@schema/default [{"size": 5}]
c:
- size: 0
#@schema/nullable
d:
  e: 1
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
    },
    valuesYaml: `b: text
`,
    gives: `all:
  a: null
  b: text
  c:
  - size: 5
  d: null
`,
  },
  {
    name: "error: a type that does not fit",
    files: {
      "schema.yml": `#@data/values-schema
---
port: 80
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
      "values.yml": `#@data/values
---
port: many
`,
    },
    fails: `Overlaying data values (in following order: values.yml): 
One or more data values were invalid
====================================

values.yml:
    |
  3 | port: many
    |

    = found: string
    = expected: integer (by schema.yml:3)

`,
  },
  {
    name: "error: an unknown key, with the nearest one",
    files: {
      "schema.yml": `#@data/values-schema
---
name: x
port: 80
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
      "values.yml": `#@data/values
---
nme: many
`,
    },
    fails: `Overlaying data values (in following order: values.yml):
  Document on line values.yml:2:
    Map item (key 'nme') on line values.yml:3:
      Expected number of matched nodes to be 1, but was 0`,
  },
  {
    name: "error: two types",
    files: {
      "schema.yml": `#@data/values-schema
---
name: x
list:
- 0
`,
      "config.yml": `#@ load("@ytt:data", "data")
all: #@ data.values
`,
      "values.yml": `#@data/values
---
name: 1
list: [a]
`,
    },
    fails: `Overlaying data values (in following order: values.yml): 
One or more data values were invalid
====================================

values.yml:
    |
  3 | name: 1
    |

    = found: integer
    = expected: string (by schema.yml:3)

values.yml:
    |
  4 | list: [a]
    |

    = found: string
    = expected: integer (by schema.yml:5)

`,
  },
  {
    name: "error: null in a schema",
    files: {
      "schema.yml": `#@data/values-schema
---
name:
`,
      "config.yml": `a: 1
`,
    },
    fails: `Overlaying data values schema (in following order: schema.yml): 
Invalid schema - null value not allowed here
============================================

schema.yml:
    |
  3 | name:
    |

    = found: null value
    = expected: non-null value
    = hint: in YAML, omitting a value implies null.
    = hint: to set the default value to null, annotate with @schema/nullable.
    = hint: to allow any value, annotate with @schema/type any=True.

`,
  },
  {
    name: "error: an array in a schema with two examples",
    files: {
      "schema.yml": `#@data/values-schema
---
l: [1, 2]
`,
      "config.yml": `a: 1
`,
    },
    fails: `Overlaying data values schema (in following order: schema.yml): 
Invalid schema - wrong number of items in array definition
==========================================================

schema.yml:
    |
  3 | l: [1, 2]
    |

    = found: 2 array items
    = expected: exactly 1 array item, of the desired type
    = hint: in schema, the one item of the array implies the type of its elements.
    = hint: in schema, the default value for an array is always an empty list.
    = hint: default values can be overridden via a data values overlay.

`,
  },
  {
    name: "validations pass",
    files: {
      "schema.yml": `#@data/values-schema
---
#@schema/validation min=1, max=10
size: 5
#@schema/validation ("a short name", lambda v: len(v) < 5)
s: abc
#@schema/validation min_len=1
l:
- ""
`,
      "config.yml": `#@ load("@ytt:data", "data")
a: #@ data.values.size
`,
    },
    valuesYaml: `l: [x]
`,
    gives: `a: 5
`,
  },
  {
    name: "error: validations of every kind",
    files: {
      "schema.yml": `#@data/values-schema
---
#@schema/validation min=1, max=10
size: 5
#@schema/validation ("a short name", lambda v: len(v) < 5)
s: abc
#@schema/validation min_len=1
l:
- ""
#@schema/validation one_of=["a", "b"]
o: a
#@schema/nullable
#@schema/validation not_null=True
r: ""
#@schema/validation one_not_null=["x", "y"]
m:
  #@schema/nullable
  x: 1
  #@schema/nullable
  y: 1
`,
      "config.yml": `#@ load("@ytt:data", "data")
a: #@ data.values.size
`,
      "values.yml": `#@data/values
---
size: 0
s: too long
o: c
`,
    },
    fails: `Validating final data values:
  size
    from: values.yml:3
    - must be: a value >= 1 (by: schema.yml:3)
      found: value < 1

  s
    from: values.yml:4
    - must be: a short name (by: schema.yml:5)

  l
    from: schema.yml:8
    - must be: length >= 1 (by: schema.yml:7)
      found: length = 0

  o
    from: values.yml:5
    - must be: one of ["a", "b"] (by: schema.yml:10)
      found: not one of allowed values

  r
    from: schema.yml:14
    - must be: not null (by: schema.yml:13)
      found: value is null

  m
    from: schema.yml:16
    - must be: exactly one of ["x", "y"] to be not null (by: schema.yml:15)
      found: all values are null

`,
  },
  {
    name: "a validation may depend on others",
    files: {
      "schema.yml": `#@data/values-schema
---
enabled: false
#@schema/validation min_len=1, when=lambda _, ctx: ctx.parent["enabled"]
name: ""
`,
      "config.yml": `#@ load("@ytt:data", "data")
a: #@ data.values.name
`,
    },
    gives: `a: ""
`,
  },
  {
    name: "error: assert/validate on data values",
    files: {
      "values.yml": `#@ load("@ytt:assert", "assert")
#@data/values
---
#@assert/validate ("at least two", lambda v: v >= 2)
size: 1
`,
      "config.yml": `#@ load("@ytt:data", "data")
a: #@ data.values.size
`,
    },
    fails: `Validating final data values:
  size
    from: values.yml:5
    - must be: at least two (by: values.yml:4)

`,
  },
  {
    name: "title, description, examples and deprecation are accepted",
    files: {
      "schema.yml": `#@data/values-schema
---
#@schema/title "Name"
#@schema/desc "What it is called"
#@schema/examples ("Usual", "x")
#@schema/deprecated "use other"
name: x
`,
      "config.yml": `#@ load("@ytt:data", "data")
a: #@ data.values.name
`,
    },
    gives: `a: x
`,
  },
  {
    name: "error: data values on a node that is no document",
    files: {
      "values.yml": `#@data/values
a: 1
`,
    },
    fails: "Found @data/values on map item (values.yml:2); only documents (---) can be annotated with @data/values",
  },
];

checkCases("values", CASES);
