/** The Starlark that ytt has: types, operators, built-in functions, methods, what fails: what ytt gives, byte for byte. */
import { type Case, checkCases } from "../../../test/ytt/case.ts";

const CASES: readonly Case[] = [
  {
    name: "integers are as long as they need",
    template: `a: #@ str(2 * 9223372036854775807)
b: #@ 0x1F + 0o17 + 0b11
c: #@ [7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 / 2]
d: #@ [6 & 3, 6 | 3, 6 ^ 3, ~6, 1 << 10, 1024 >> 3]
`,
    gives: `a: "18446744073709551614"
b: 49
c:
- 3
- -4
- 1
- 2
- 3.5
d:
- 2
- 7
- 5
- -7
- 1024
- 128
`,
  },
  {
    name: "floats",
    template: `a: #@ [1.0, 1.5, 1e6, 1e-5, 123456789.123, 100000.0]
b: #@ [str(1.0), str(123456.789), str(1e10)]
c: #@ [1 == 1.0, float("1.5"), int(2.9), int(-2.9)]
`,
    gives: `a:
- 1
- 1.5
- 1e+06
- 1e-05
- 1.23456789123e+08
- 100000
b:
- "1"
- "123457"
- "1e+10"
c:
- true
- 1.5
- 2
- -2
`,
  },
  {
    name: "strings are bytes",
    template: `a: #@ [len("é"), len("日本"), "é".upper(), "abc"[1:], "abc"[::-1], "abc"[-1]]
b: #@ list("é".codepoints())
c: #@ list("hé".elem_ords())
`,
    gives: `a:
- 2
- 6
- É
- bc
- cba
- c
b:
- é
c:
- 104
- 195
- 169
`,
  },
  {
    name: "string methods",
    template: `a: #@ "a,b,c".split(",")
b: #@ " x ".strip() + "|" + "xxaxx".strip("x")
c: #@ ["abc".find("c"), "abc".rfind("z"), "aaa".count("a")]
d: #@ "a-b".partition("-")
e: #@ "{} {x} {0}".format(1, x=2) if False else "{0} {x}".format(1, x=2)
f: #@ ["hello world".title(), "hELLO".capitalize(), "x".join(["a", "b"])]
g: #@ "abc".replace("b", "x").startswith(("ax", "q"))
h: #@ "a b  c".split()
i: #@ "l1\\nl2".splitlines()
`,
    gives: `a:
- a
- b
- c
b: x|a
c:
- 2
- -1
- 3
d:
- a
- '-'
- b
e: 1 2
f:
- Hello World
- Hello
- axb
g: true
h:
- a
- b
- c
i:
- l1
- l2
`,
  },
  {
    name: "percent formats",
    template: `a: #@ "%s %r %d %x %o %%" % ("a", "b", 10, 255, 8)
b: #@ "%e %f %g" % (1.5, 1.5, 1.5)
c: #@ "%(k)s" % {"k": "v"}
`,
    gives: `a: a "b" 10 ff 10 %
b: 1.500000e+00 1.500000 1.5
c: v
`,
  },
  {
    name: "lists",
    template: `#@ l = [3, 1, 2]
#@ l.append(4)
#@ l.extend([5])
#@ l.insert(0, 0)
#@ l.remove(1)
a: #@ l
b: #@ l.pop()
c: #@ l.index(2)
d: #@ sorted(l, reverse=True)
e: #@ [l[-1], l[1:3], l[::2]]
f: #@ [1] * 3
`,
    gives: `a:
- 0
- 3
- 2
- 4
- 5
b: 5
c: 2
d:
- 4
- 3
- 2
- 0
e:
- 4
- - 3
  - 2
- - 0
  - 2
f:
- 1
- 1
- 1
`,
  },
  {
    name: "dicts keep the order of insertion",
    template: `#@ d = {"b": 1}
#@ d["a"] = 2
#@ d.update({"c": 3}, d=4)
#@ d.setdefault("e", 5)
a: #@ d
b: #@ [d.keys(), d.values(), d.items()]
c: #@ [d.get("z"), d.get("z", 9), d.pop("b"), "b" in d]
`,
    gives: `a:
  b: 1
  a: 2
  c: 3
  d: 4
  e: 5
b:
- - b
  - a
  - c
  - d
  - e
- - 1
  - 2
  - 3
  - 4
  - 5
- - - b
    - 1
  - - a
    - 2
  - - c
    - 3
  - - d
    - 4
  - - e
    - 5
c:
- null
- 9
- 1
- false
`,
  },
  {
    name: "sets",
    template: `a: #@ set([1, 2]) | set([2, 3])
b: #@ set([1, 2]) & set([2, 3])
c: #@ set([1, 2]) ^ set([2, 3])
d: #@ 1 in set([1]).union([2])
`,
    gives: `a:
- 1
- 2
- 3
b:
- 2
c:
- 1
- 3
d: true
`,
  },
  {
    name: "comprehensions",
    template: `a: #@ [x * y for x in range(3) for y in range(3) if x != y]
b: #@ {k: v for k, v in [("a", 1), ("b", 2)]}
`,
    gives: `a:
- 0
- 0
- 0
- 2
- 0
- 2
b:
  a: 1
  b: 2
`,
  },
  {
    name: "built-in functions",
    template: `a: #@ [any([0, 1]), all([]), bool(""), chr(233), ord("é"), hash("abc"), len({})]
b: #@ [max(1, 3, 2), min([3, 1]), max("a", "bb", key=len)]
c: #@ [list(enumerate(["a", "b"], 1)), list(zip([1, 2], ["a", "b"])), list(reversed([1, 2]))]
d: #@ [repr("a\\n"), str([1, "x", None, (1,)]), type(1.0), type(len)]
e: #@ [hasattr({}, "keys"), getattr("", "upper")() == "", dir([])[0]]
f: #@ [int("ff", 16), int("-0b11", 0), range(1, 10, 3)[1]]
`,
    gives: `a:
- true
- true
- false
- é
- 233
- 96354
- 0
b:
- 3
- 1
- bb
c:
- - - 1
    - a
  - - 2
    - b
- - - 1
    - a
  - - 2
    - b
- - 2
  - 1
d:
- '"a\\n"'
- '[1, "x", None, (1,)]'
- float
- builtin_function_or_method
e:
- true
- true
- append
f:
- 255
- -3
- 4
`,
  },
  {
    name: "conditional expressions and truth",
    template: `a: #@ "yes" if [] or {} or "x" else "no"
b: #@ None or 0 or "last"
c: #@ not "" and 5
`,
    gives: `a: "yes"
b: last
c: 5
`,
  },
  {
    name: "keyword-only arguments and spreading",
    template: `#@ def f(a, *, b): return (a, b)
a: #@ f(*[1], **{"b": 2})
`,
    gives: `a:
- 1
- 2
`,
  },
  {
    name: "error: adding different types",
    template: `a: #@ 1 + "a"
`,
    fails: `
- unknown binary op: int + string
    in <toplevel>
      config.yml:1 | a: #@ 1 + "a"`,
  },
  {
    name: "error: ordering different types",
    template: `a: #@ "a" < 1
`,
    fails: `
- string < int not implemented
    in <toplevel>
      config.yml:1 | a: #@ "a" < 1`,
  },
  {
    name: "error: list index",
    template: `a: #@ [1][3]
`,
    fails: `
- list index 3 out of range [-1:0]
    in <toplevel>
      config.yml:1 | a: #@ [1][3]`,
  },
  {
    name: "error: dict key",
    template: `a: #@ {"a": 1}["b"]
`,
    fails: `
- key "b" not in dict
    in <toplevel>
      config.yml:1 | a: #@ {"a": 1}["b"]`,
  },
  {
    name: "error: division by zero",
    template: `a: #@ 1 // 0
`,
    fails: `
- floored division by zero
    in <toplevel>
      config.yml:1 | a: #@ 1 // 0`,
  },
  {
    name: "error: real division by zero",
    template: `a: #@ 1 / 0
`,
    fails: `
- real division by zero
    in <toplevel>
      config.yml:1 | a: #@ 1 / 0`,
  },
  {
    name: "error: missing argument",
    template: `a: #@ (lambda a, b: a)(1)
`,
    fails: `
- function lambda missing 1 argument (b)
    in lambda
      config.yml:1 | a: #@ (lambda a, b: a)(1)
    in <toplevel>
      config.yml:1 | a: #@ (lambda a, b: a)(1)`,
  },
  {
    name: "error: too many arguments",
    template: `a: #@ (lambda a: a)(1, 2)
`,
    fails: `
- function lambda accepts 1 positional argument (2 given)
    in lambda
      config.yml:1 | a: #@ (lambda a: a)(1, 2)
    in <toplevel>
      config.yml:1 | a: #@ (lambda a: a)(1, 2)`,
  },
  {
    name: "error: unknown keyword",
    template: `a: #@ (lambda a: a)(1, z=2)
`,
    fails: `
- function lambda got an unexpected keyword argument "z"
    in lambda
      config.yml:1 | a: #@ (lambda a: a)(1, z=2)
    in <toplevel>
      config.yml:1 | a: #@ (lambda a: a)(1, z=2)`,
  },
  {
    name: "error: unknown method",
    template: `a: #@ "".uper()
`,
    fails: `
- string has no .uper field or method (did you mean .upper?)
    in <toplevel>
      config.yml:1 | a: #@ "".uper()`,
  },
  {
    name: "error: unhashable key",
    template: `a: #@ {[]: 1}
`,
    fails: `
- unhashable type: list
    in <toplevel>
      config.yml:1 | a: #@ {[]: 1}`,
  },
  {
    name: "error: duplicate key",
    template: `a: #@ {"a": 1, "a": 2}
`,
    fails: `
- duplicate key: "a"
    in <toplevel>
      config.yml:1 | a: #@ {"a": 1, "a": 2}`,
  },
  {
    name: "error: join of numbers",
    template: `a: #@ ",".join([1])
`,
    fails: `
- join: in list, want string, got int
    in <toplevel>
      config.yml:1 | a: #@ ",".join([1])`,
  },
  {
    name: "error: iterating a string",
    template: `a: #@ [c for c in "abc"]
`,
    fails: `
- string value is not iterable
    in <toplevel>
      config.yml:1 | a: #@ [c for c in "abc"]`,
  },
  {
    name: "error: calling no function",
    template: `a: #@ 1()
`,
    fails: `
- invalid call of non-function (int)
    in <toplevel>
      config.yml:1 | a: #@ 1()`,
  },
  {
    name: "error: unpacking",
    template: `a: #@ [a for a, b in [(1, 2, 3)]]
`,
    fails: `
- too many values to unpack (got 3, want 2)
    in <toplevel>
      config.yml:1 | a: #@ [a for a, b in [(1, 2, 3)]]`,
  },
  {
    name: "error: comparisons in a chain",
    template: `a: #@ 1 < 2 < 3
`,
    fails: `
- < does not associate with < (use parens)
    config.yml:1 | a: #@ 1 < 2 < 3`,
  },
  {
    name: "error: old octal",
    template: `a: #@ 017
`,
    fails: `
- obsolete form of octal literal; use 0o17
    config.yml:1 | a: #@ 017`,
  },
  {
    name: "error: conditional without else",
    template: `a: #@ 1 if True
`,
    fails: `
- conditional expression without else clause
    config.yml:1 | a: #@ 1 if True`,
  },
  {
    name: "error: int of text",
    template: `a: #@ int("x")
`,
    fails: `
- int: invalid literal with base 10: x
    in <toplevel>
      config.yml:1 | a: #@ int("x")`,
  },
  {
    name: "error: fail",
    template: `a: #@ fail("no", 1)
`,
    fails: `
- fail: no 1
    in <toplevel>
      config.yml:1 | a: #@ fail("no", 1)`,
  },
  {
    name: "error: dict | dict",
    template: `a: #@ {} | {}
`,
    fails: `
- unknown binary op: dict | dict (hint: use 'or' instead of '|' for logical-or)
    in <toplevel>
      config.yml:1 | a: #@ {} | {}`,
  },
  {
    name: "error: string | string",
    template: `a: #@ "a" | "b"
`,
    fails: `
- unknown binary op: string | string (hint: use 'or' instead of '|' for logical-or)
    in <toplevel>
      config.yml:1 | a: #@ "a" | "b"`,
  },
  {
    name: "error: missing bracket",
    template: `a: #@ [1, 2
`,
    fails: `
- got ')', want ']'
    config.yml:1 | a: #@ [1, 2`,
  },
  {
    name: "error: format field",
    template: `a: #@ "{2}".format(1)
`,
    fails: `
- format: tuple index out of range
    in <toplevel>
      config.yml:1 | a: #@ "{2}".format(1)`,
  },
  {
    name: "error: unclosed string",
    template: `a: #@ "abc
`,
    fails: `
- unexpected newline in string
    config.yml:1 | a: #@ "abc`,
  },
  {
    name: "error: a local variable before its assignment",
    template: `#@ y = 1
#@ def f():
#@   x = y
#@   y = 2
#@   return x
#@ end
a: #@ f()
`,
    fails: `
- local variable y referenced before assignment
    in f
      config.yml:3 | #@   x = y
    in <toplevel>
      config.yml:7 | a: #@ f()`,
  },
  {
    name: "error: changing a list while iterating it",
    template: `#@ l = [1]
#@ for x in l:
#@ l.append(x)
#@ end
a: 1
`,
    fails: `
- append: cannot append to list during iteration
    in <toplevel>
      config.yml:3 | #@ l.append(x)`,
  },
  {
    name: "error: return outside of a function",
    template: `#@ return 1
a: 1
`,
    fails: `
- return statement not within a function
    config.yml:1 | #@ return 1`,
  },
  {
    name: "error: several unknown names",
    template: `a: #@ foo
b: #@ bar
`,
    fails: `
- undefined: foo
    config.yml:1 | a: #@ foo
- undefined: bar
    config.yml:2 | b: #@ bar`,
  },
];

checkCases("starlark", CASES);
