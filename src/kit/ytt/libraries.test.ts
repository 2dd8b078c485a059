/** Files that load each other, text templates, private libraries: what ytt gives, byte for byte. */
import { type Case, checkCases } from "../../../test/ytt/case.ts";

const CASES: readonly Case[] = [
  {
    name: "functions of another file",
    files: {
      "config.yml": `#@ load("funcs.lib.yml", "labels", n="NAME")
---
a: #@ labels("x")
b: #@ n
`,
      "funcs.lib.yml": `#@ NAME = "lib"
#@ def labels(name):
app: #@ name
#@ end
`,
    },
    gives: `a:
  app: x
b: lib
`,
  },
  {
    name: "functions of a Starlark file, which needs end too",
    files: {
      "config.yml": `#@ load("dir/funcs.star", "twice")
a: #@ twice(4)
`,
      "dir/funcs.star": `def twice(n):
  if n < 0:
    return 0
  end
  return 2 * n
end
`,
    },
    gives: `a: 8
`,
  },
  {
    name: "paths from the root",
    files: {
      "a/config.yml": `#@ load("/b/f.star", "x")
a: #@ x
`,
      "b/f.star": `load("g.star", "y")
x = y + 1
`,
      "b/g.star": `y = 1
`,
    },
    gives: `a: 2
`,
  },
  {
    name: "error: what is loaded is frozen",
    files: {
      "config.yml": `#@ load("f.star", "x")
#@ x.append(1)
a: #@ x
`,
      "f.star": `x = []
`,
    },
    fails: `
- append: cannot append to frozen list
    in <toplevel>
      config.yml:2 | #@ x.append(1)`,
  },
  {
    name: "data.list and data.read",
    files: {
      "config.yml": `#@ load("@ytt:data", "data")
files: #@ sorted(data.list())
text: #@ data.read("note.dat")
`,
      "note.dat": `hello
`,
    },
    gives: `files:
- config.yml
- note.dat
text: |
  hello
`,
  },
  {
    name: "a library with values of its own",
    files: {
      "config.yml": `#@ load("@ytt:template", "template")
#@ load("@ytt:library", "library")
#@ app = library.get("app")
#@ app1 = app.with_data_values({"name": "one"})
--- #@ template.replace(app1.eval())
--- #@ template.replace(app.eval())
---
values: #@ app1.data_values()
`,
      "_ytt_lib/app/values.yml": `#@data/values
---
name: default
`,
      "_ytt_lib/app/config.yml": `#@ load("@ytt:data", "data")
app: #@ data.values.name
`,
    },
    gives: `app: one
---
app: default
---
values:
  name: one
`,
  },
  {
    name: "a library is addressed by library/ref",
    files: {
      "config.yml": `#@ load("@ytt:template", "template")
#@ load("@ytt:library", "library")
--- #@ template.replace(library.get("app", alias="one").eval())
`,
      "values.yml": `#@library/ref "@app~one"
#@data/values
---
name: addressed
`,
      "_ytt_lib/app/values.yml": `#@data/values
---
name: default
`,
      "_ytt_lib/app/config.yml": `#@ load("@ytt:data", "data")
app: #@ data.values.name
`,
    },
    gives: `app: addressed
`,
  },
  {
    name: "a library exports functions",
    files: {
      "config.yml": `#@ load("@ytt:library", "library")
#@ app = library.get("app")
a: #@ app.export("twice")(2)
`,
      "_ytt_lib/app/f.star": `def twice(n): return 2 * n
`,
    },
    gives: `a: 4
`,
  },
  {
    name: "files of a library can be loaded",
    files: {
      "config.yml": `#@ load("@app:f.star", "twice")
a: #@ twice(2)
`,
      "_ytt_lib/app/f.star": `def twice(n): return 2 * n
`,
    },
    gives: `a: 4
`,
  },
  {
    name: "error: a private symbol",
    files: {
      "config.yml": `#@ load("f.star", "_x")
a: 1
`,
      "f.star": `_x = 1
`,
    },
    fails: `
- load: names with leading underscores are not exported: _x
    config.yml:1 | #@ load("f.star", "_x")`,
  },
  {
    name: "error: no such file",
    files: {
      "config.yml": `#@ load("gone.star", "x")
a: 1
`,
    },
    fails: `
- cannot load gone.star: Expected to find file 'gone.star' (hint: only files included via -f flag are available)
    in <toplevel>
      config.yml:1 | #@ load("gone.star", "x")`,
  },
  {
    name: "error: no such symbol, with the nearest one",
    files: {
      "config.yml": `#@ load("f.star", "twise")
a: 1
`,
      "f.star": `twice = 1
`,
    },
    fails: `
- load: name twise not found in module f.star (did you mean twice?)
    in <toplevel>
      config.yml:1 | #@ load("f.star", "twise")`,
  },
  {
    name: "error: no such library",
    files: {
      "config.yml": `#@ load("@ytt:library", "library")
#@ library.get("gone")
`,
    },
    fails: `
- library.get: Could not find private library (directory '_ytt_lib' missing?)
    in <toplevel>
      config.yml:2 | #@ library.get("gone")`,
  },
  {
    name: "error: a fault in a loaded file",
    files: {
      "config.yml": `#@ load("f.star", "f")
a: #@ f(0)
`,
      "f.star": `def f(n):
  return 1 // n
end
`,
    },
    fails: `
- floored division by zero
    in f
      2 |   return 1 // n
    in <toplevel>
      config.yml:2 | a: #@ f(0)`,
  },
  {
    name: "error: a fault in a library",
    files: {
      "config.yml": `#@ load("@ytt:library", "library")
--- #@ library.get("app").eval()
`,
      "_ytt_lib/app/config.yml": `a: #@ 1 // 0
`,
    },
    fails: `
- library.eval: Evaluating library 'app': 
    in <toplevel>
      config.yml:2 | --- #@ library.get("app").eval()

    reason:
     - floored division by zero
         in <toplevel>
           _ytt_lib/app/config.yml:1 | a: #@ 1 // 0`,
  },
];

checkCases("libraries", CASES);
