/** Templates: comments, values, blocks, functions, text, annotations: what ytt gives, byte for byte. */
import { type Case, checkCases } from "../../../test/ytt/case.ts";

const CASES: readonly Case[] = [
  {
    name: "a value comment is the value of its node",
    template: `a: #@ 1 + 1
b:
- #@ "x" * 3
`,
    gives: `a: 2
b:
- xxx
`,
  },
  {
    name: "documents can be computed",
    template: `--- #@ {"a": 1}
--- #@ [1, 2]
`,
    gives: `a: 1
---
- 1
- 2
`,
  },
  {
    name: "code lines run in order and their indentation means nothing",
    template: `#@ x = 1
a: #@ x
    #@ x = 2
b: #@ x
`,
    gives: `a: 1
b: 2
`,
  },
  {
    name: "if, elif and else choose nodes",
    template: `#@ for n in range(3):
---
#@ if n == 0:
a: zero
#@ elif n == 1:
a: one
#@ else:
a: many
#@ end
#@ end
`,
    gives: `a: zero
---
a: one
---
a: many
`,
  },
  {
    name: "if/end covers the next node with its children",
    template: `#@ if/end False:
a:
  b: 1
c: 2
`,
    gives: `c: 2
`,
  },
  {
    name: "a loop makes array items",
    template: `items:
#@ for name in ["x", "y"]:
- name: #@ name
  upper: #@ name.upper()
#@ end
`,
    gives: `items:
- name: x
  upper: X
- name: "y"
  upper: "Y"
`,
  },
  {
    name: "loops nest, and conditions in them skip items",
    template: `#@ for i in range(3):
#@ for j in range(3):
#@ if/end i < j:
- #@ (i, j)
#@ end
#@ end
`,
    gives: `- - 0
  - 1
- - 0
  - 2
- - 1
  - 2
`,
  },
  {
    name: "while runs until its condition fails",
    template: `#@ n = 3
#@ while n > 0:
- #@ n
#@ n -= 1
#@ end
`,
    gives: `- 3
- 2
- 1
`,
  },
  {
    name: "break and continue end a round",
    template: `#@ for i in range(6):
#@ if i == 1: continue
#@ if i == 4: break
- #@ i
#@ end
`,
    gives: `- 0
- 2
- 3
`,
  },
  {
    name: "a function returns the YAML that it builds",
    template: `#@ def labels(name):
app: #@ name
tier: web
#@ end
---
metadata:
  labels: #@ labels("x")
`,
    gives: `metadata:
  labels:
    app: x
    tier: web
`,
  },
  {
    name: "an explicit return wins over YAML",
    template: `#@ def f():
a: 1
#@ return "instead"
#@ end
---
first: #@ f()
`,
    gives: `first: instead
`,
  },
  {
    name: "def/end covers the next node",
    template: `#@ def/end items():
- 1
---
a: #@ items()
`,
    gives: `a:
- 1
`,
  },
  {
    name: "functions have defaults, *args and **kwargs",
    template: `#@ def f(a, b=2, *args, **kwargs): return [a, b, args, kwargs]
a: #@ f(1)
b: #@ f(1, 3, 4, 5, x=6)
`,
    gives: `a:
- 1
- 2
- []
- {}
b:
- 1
- 3
- - 4
  - 5
- x: 6
`,
  },
  {
    name: "a closure sees the variables around it",
    template: `#@ def adder(n):
#@   def add(x): return x + n
#@   return add
#@ end
a: #@ adder(3)(4)
`,
    gives: `a: 7
`,
  },
  {
    name: "a lambda keeps its expression",
    template: `a: #@ [f(2) for f in [lambda x: x + 1, lambda x: x * x]]
`,
    gives: `a:
- 3
- 4
`,
  },
  {
    name: "what is built of skipped nodes is empty",
    template: `a:
  #@ if/end False:
  b: 1
c:
#@ if/end False:
- 1
d:
`,
    gives: `a: {}
c: []
d: null
`,
  },
  {
    name: "a document whose content is skipped is not printed",
    template: `#@ if/end False:
---
a: 1
---
b: 2
`,
    gives: `b: 2
`,
  },
  {
    name: "a function that builds nothing gives null that is not None",
    template: `#@ def f():
#@ if/end False:
a: 1
#@ end
---
a: #@ f()
b: #@ f() == None
c: #@ type(f())
`,
    gives: `a: null
b: false
c: yamlfragment
`,
  },
  {
    name: "YAML of functions can be indexed, iterated and asked",
    template: `#@ def f():
a: 1
b: [2, 3]
#@ end
---
a: #@ f()["a"]
b: #@ f()["b"][1]
keys: #@ [k for k in f()]
has: #@ "a" in f()
len: #@ len(f())
copy: #@ dict(f())
spread: #@ dict(**f())
`,
    gives: `a: 1
b: 3
keys:
- a
- b
has: true
len: 2
copy:
  a: 1
  b:
  - 2
  - 3
spread:
  a: 1
  b:
  - 2
  - 3
`,
  },
  {
    name: "map-key-override replaces an item",
    template: `a: 1
b: 2
#@yaml/map-key-override
a: 3
`,
    gives: `b: 2
a: 3
`,
  },
  {
    name: "text-templated strings in values and keys",
    template: `#@ x = "v"
#@yaml/text-templated-strings
a:
  (@= x @)-key: "1 (@= x @) 2"
  plain: (@= str(1) @)
  list:
  - "a(@ if True: @)b(@ end @)c"
`,
    gives: `a:
  v-key: 1 v 2
  plain: "1"
  list:
  - abc
`,
  },
  {
    name: "text-templated strings trim with dashes",
    template: `#@yaml/text-templated-strings
a: |
  one
    (@-= "two" -@)
  three
  (@ for i in range(2): -@)
  i(@= str(i) @)
  (@ end @)
`,
    gives: `a: |+
  onetwothree
  i0
  i1

`,
  },
  {
    name: "template.replace puts several items in the place of one",
    template: `#@ load("@ytt:template", "template")
a:
  x: 1
  _: #@ template.replace({"y": 2, "z": 3})
b:
- 1
- #@ template.replace([2, 3])
`,
    gives: `a:
  x: 1
  "y": 2
  z: 3
b:
- 1
- 2
- 3
`,
  },
  {
    name: "a plain file passes, and the last of equal keys wins",
    template: `a: 1 # note
b: 2
a: 3
`,
    gives: `a: 3
b: 2
`,
  },
  {
    name: "ytt comments are dropped",
    template: `#! about this
a: 1 #! why
`,
    gives: `a: 1
`,
  },
  {
    name: "comments in strings are text",
    template: `a: |
  #@ not code
  # nothing
b: "#@ x"
`,
    gives: `a: |
  #@ not code
  # nothing
b: '#@ x'
`,
  },
  {
    name: "expressions go on over lines",
    template: `#@ x = [
#@   1, # first
#@   2,
#@ ]
#@ y = 1 + \\
#@   2
a: #@ x + [y]
`,
    gives: `a:
- 1
- 2
- 3
`,
  },
  {
    name: "triple quotes lose the indentation of code lines",
    template: `#@ x = """
#@   one
#@ two"""
a: #@ x
`,
    gives: `a: |2-

  one
  two
`,
  },
  {
    name: "a variable of the file may be assigned again",
    template: `#@ x = [1]
#@ x += [2]
#@ x[0] = 5
#@ a, (b, c) = 1, (2, 3)
a: #@ x
b: #@ [a, b, c]
`,
    gives: `a:
- 5
- 2
b:
- 1
- 2
- 3
`,
  },
  {
    name: "error: a comment that is not ytt's",
    template: `#@ x = 1
a: 1 # note
`,
    fails: `Compiling YAML template 'config.yml':
  Failed to parse line 2: '# note':
    Expected ytt-formatted string (use '#@' for annotations or code, '#!' for comments)`,
  },
  {
    name: "error: value and comment both",
    template: `a: 1 #@ 2
`,
    fails: `Compiling YAML template 'config.yml':
  Expected YAML node at line config.yml:1 to have either computed or YAML value, but found both`,
  },
  {
    name: "error: code after if/end",
    template: `#@ if/end True:
#@ x = 1
a: 1
`,
    fails: `Compiling YAML template 'config.yml':
  Unexpected code at line config.yml:2 after use of '*/end', expected YAML node`,
  },
  {
    name: "error: a key twice",
    template: `#@ x = 1
a: 1
a: 2
`,
    fails: `
- __ytt_tpl2_start_node: expected key 'a' to not be specified again (unless 'yaml/map-key-override' annotation is added)
    in <toplevel>
      config.yml:3 | a: 2`,
  },
  {
    name: "error: a loop that gives a key twice",
    template: `#@ for i in range(2):
a: #@ i
#@ end
`,
    fails: `
- __ytt_tpl2_start_node: expected key 'a' to not be specified again (unless 'yaml/map-key-override' annotation is added)
    in <toplevel>
      config.yml:2 | a: #@ i`,
  },
  {
    name: "error: end is missing",
    template: `#@ if True:
a: 1
`,
    fails: `
- mismatched set of block openings (if/else/elif/for/def) and closing (end)
    config.yml:1 | #@ if True:`,
  },
  {
    name: "error: end without a block",
    template: `a: 1
#@ end
`,
    fails: `
- unexpected end
    config.yml:2 | #@ end
    config.yml:? | __ytt_tpl2_start_node(5) # *yamlmeta.Document (generated)`,
  },
  {
    name: "error: the colon is missing",
    template: `#@ if True
a: 1
#@ end
`,
    fails: `
- got newline, want ':' (hint: missing colon at the end of 'if/for/def' statement?)
    config.yml:2 | a: 1`,
  },
  {
    name: "error: an unknown name, with the nearest one",
    template: `#@ color = 1
a: #@ colour
`,
    fails: `
- undefined: colour (did you mean color?)
    config.yml:2 | a: #@ colour`,
  },
  {
    name: "error: names of other languages",
    template: `a: #@ true
b: #@ null
`,
    fails: `
- undefined: true (hint: use 'True' instead of 'true' for boolean assignment)
    config.yml:1 | a: #@ true
- undefined: null (hint: use 'None' instead of 'null' to indicate no value)
    config.yml:2 | b: #@ null`,
  },
  {
    name: "error: && and ||",
    template: `a: #@ True && False
`,
    fails: `
- got '&', want primary expression (hint: use 'and' instead of '&&' for logical-and)
    config.yml:1 | a: #@ True && False`,
  },
  {
    name: "error: pass",
    template: `#@ if True:
#@ pass
#@ end
a: 1
`,
    fails: `
- use of reserved keyword 'pass' is not allowed
    config.yml:2 | #@ pass`,
  },
  {
    name: "error: calls that lead to it, innermost first",
    template: `#@ def f(x):
#@   return g(x)
#@ end
#@ def g(x):
#@   return x["gone"]
#@ end
a: #@ f({})
`,
    fails: `
- key "gone" not in dict
    in g
      config.yml:5 | #@   return x["gone"]
    in f
      config.yml:2 | #@   return g(x)
    in <toplevel>
      config.yml:7 | a: #@ f({})`,
  },
  {
    name: "error: a function that is no value",
    template: `a: #@ len
`,
    fails: `
- (p) unknown type *starlark.Builtin for conversion to go value
    in <toplevel>
      config.yml:1 | a: #@ len`,
  },
  {
    name: "error: text-templated strings want strings",
    template: `#@yaml/text-templated-strings
a: x(@= 1 @)
`,
    fails: `
- __ytt_tpl2_set_node: cannot set non-string value (int64), consider using str(...) to convert to string
    in <toplevel>
      config.yml:2 | = 1 `,
  },
  {
    name: "error: code in text is not closed",
    template: `#@yaml/text-templated-strings
a: x (@= 1
`,
    fails: `Compiling YAML template 'config.yml':
  Missing code closing '@)' at line 2 col 8`,
  },
  {
    name: "error: template.replace of the wrong kind",
    template: `#@ load("@ytt:template", "template")
a:
- #@ template.replace({"a": 1})
`,
    fails: `
- template.replace: expected value to be array, but was map
    in <toplevel>
      config.yml:3 | - #@ template.replace({"a": 1})`,
  },
  {
    name: "error: a document set in a map",
    template: `#@ def f():
---
a: 1
---
b: 1
#@ end
---
x: #@ f()
`,
    fails: `
- __ytt_tpl2_set_node: map items can only contain arrays, maps, or scalars; this is a document set
    in <toplevel>
      config.yml:8 | x: #@ f()`,
  },
  {
    name: "error: YAML that does not parse",
    template: `a: [1
b: 2
`,
    fails: "Unmarshaling YAML template 'config.yml': yaml: line 1: did not find expected ',' or ']'",
  },
  {
    name: "error: an annotation that does not evaluate",
    template: `#@overlay/match by=nothing
a: 1
`,
    fails: `
- undefined: nothing
    config.yml:1 | #@overlay/match by=nothing`,
  },
];

checkCases("language", CASES);
