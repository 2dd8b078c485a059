/** The modules of @ytt: what ytt gives, byte for byte. */
import { type Case, checkCases } from "../../../test/ytt/case.ts";

const CASES: readonly Case[] = [
  {
    name: "data.values as struct",
    template: `#@ load("@ytt:data", "data")
a: #@ data.values.app.name
b: #@ data.values.app.ports[1]
c: #@ data.values["odd-key"]
d: #@ hasattr(data.values, "gone")
e: #@ "app" in data.values
f: #@ dict(data.values.app)
g: #@ data.values.empty
h: #@ data.values.none
i: #@ getattr(data.values, "gone", "otherwise")
j: #@ [k for k in data.values.app]
k: #@ bool(data.values.empty)
l: #@ type(data.values)
m: #@ data.values
`,
    values: { app: { name: "x", ports: [80, 443] }, empty: {}, "odd-key": 1, none: null },
    gives: `a: x
b: 443
c: 1
d: false
e: true
f:
  name: x
  ports:
  - 80
  - 443
g: {}
h: null
i: otherwise
j:
- name
- ports
k: false
l: struct
m:
  app:
    name: x
    ports:
    - 80
    - 443
  empty: {}
  odd-key: 1
  none: null
`,
  },
  {
    name: "a dict takes the entries of a struct",
    template: `#@ load("@ytt:data", "data")
#@ def merge(fixed):
#@   labels = {}
#@   labels.update(data.values.l)
#@   labels.update(fixed)
#@   return labels
#@ end
a: #@ merge({"c": "3"})
`,
    values: { l: { a: "1", b: "2" } },
    gives: `a:
  a: "1"
  b: "2"
  c: "3"
`,
  },
  {
    name: "error: a struct has no such field",
    template: `#@ load("@ytt:data", "data")
a: #@ data.values.nam
`,
    values: { name: 1 },
    fails: `
- struct has no .nam field or method (did you mean .name?)
    in <toplevel>
      config.yml:2 | a: #@ data.values.nam`,
  },
  {
    name: "error: a struct has no such key",
    template: `#@ load("@ytt:data", "data")
a: #@ data.values["gone"]
`,
    values: { name: 1 },
    fails: `
- key "gone" not in struct
    in <toplevel>
      config.yml:2 | a: #@ data.values["gone"]`,
  },
  {
    name: "error: a struct cannot be changed",
    template: `#@ load("@ytt:data", "data")
#@ data.values["a"] = 1
a: 1
`,
    values: { name: 1 },
    fails: `
- struct value does not support item assignment
    in <toplevel>
      config.yml:2 | #@ data.values["a"] = 1`,
  },
  {
    name: "json",
    template: `#@ load("@ytt:json", "json")
a: #@ json.encode({"b": [1, 1.5, None, True, "é<&>"], "a": {}})
b: #@ json.encode({"b": 1}, indent=2)
c: #@ json.decode('{"b": 1, "a": [1.5, null, "\\\\u00e9"]}')
d: #@ json.encode("<", escape_html=False)
`,
    gives: `a: '{"a":{},"b":[1,1.5,null,true,"é\\u003c\\u0026\\u003e"]}'
b: |-
  {
    "b": 1
  }
c:
  a:
  - 1.5
  - null
  - é
  b: 1
d: '"<"'
`,
  },
  {
    name: "json of YAML",
    template: `#@ load("@ytt:json", "json")
#@ def f():
b: [1]
a:
#@ end
---
a: #@ json.encode(f())
`,
    gives: `a: '{"a":null,"b":[1]}'
`,
  },
  {
    name: "error: json",
    template: `#@ load("@ytt:json", "json")
a: #@ json.decode("{b}")
`,
    fails: `
- json.decode: invalid character 'b' looking for beginning of object key string
    in <toplevel>
      config.yml:2 | a: #@ json.decode("{b}")`,
  },
  {
    name: "yaml",
    template: `#@ load("@ytt:yaml", "yaml")
#@ def f():
b: 1
a: [x]
#@ end
---
a: #@ yaml.encode(f())
b: #@ yaml.decode("b: 1\\na: yes")
c: #@ yaml.encode({})
d: #@ yaml.decode("")
`,
    gives: `a: |
  b: 1
  a:
  - x
b:
  b: 1
  a: true
c: |
  {}
d: null
`,
  },
  {
    name: "error: yaml of two documents",
    template: `#@ load("@ytt:yaml", "yaml")
a: #@ yaml.decode("a: 1\\n---\\nb: 2")
`,
    fails: `
- yaml.decode: Expected to find exactly one YAML document
    in <toplevel>
      config.yml:2 | a: #@ yaml.decode("a: 1\\n---\\nb: 2")`,
  },
  {
    name: "base64",
    template: `#@ load("@ytt:base64", "base64")
a: #@ base64.encode("a?b>c")
b: #@ base64.encode("a?b>c", url=True, raw=True)
c: #@ base64.decode("w6k=")
`,
    gives: `a: YT9iPmM=
b: YT9iPmM
c: é
`,
  },
  {
    name: "error: base64",
    template: `#@ load("@ytt:base64", "base64")
a: #@ base64.decode("a")
`,
    fails: `
- base64.decode: illegal base64 data at input byte 0
    in <toplevel>
      config.yml:2 | a: #@ base64.decode("a")`,
  },
  {
    name: "md5 and sha256",
    template: `#@ load("@ytt:md5", "md5")
#@ load("@ytt:sha256", "sha256")
a: #@ md5.sum("x")
b: #@ sha256.sum("x")
`,
    gives: `a: 9dd4e461268c8034f5c8564e155c67a6
b: 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
`,
  },
  {
    name: "url",
    template: `#@ load("@ytt:url", "url")
a: #@ url.path_segment_encode("a b/ü")
b: #@ url.query_param_value_encode("a b&c")
c: #@ url.query_params_encode({"b": ["1", "2"], "a": ["x y"]})
d: #@ url.query_params_decode("a=1&b=2&a=3")
#@ u = url.parse("http://me:pass@host.example:80/p?q=1")
e: #@ [u.string(), u.user.name, u.user.password, u.hostname(), u.without_user().string()]
f: #@ url.path_segment_decode("a%20b")
`,
    gives: `a: a%20b%2F%C3%BC
b: a+b%26c
c: a=x+y&b=1&b=2
d:
  a:
  - "1"
  - "3"
  b:
  - "2"
e:
- http://me:pass@host.example:80/p?q=1
- me
- pass
- host.example
- http://host.example:80/p?q=1
f: a b
`,
  },
  {
    name: "regexp",
    template: `#@ load("@ytt:regexp", "regexp")
a: #@ regexp.match("^[a-z]+[0-9]$", "name1")
b: #@ regexp.replace("(?P<first>\\\\w)(\\\\w*)", "hello world", "$2\${first}")
c: #@ regexp.replace("o", "foo", lambda s: s.upper())
d: #@ regexp.match("(?i)A\\\\b", "a")
`,
    gives: `a: true
b: elloh orldw
c: fOO
d: true
`,
  },
  {
    name: "error: regexp",
    template: `#@ load("@ytt:regexp", "regexp")
a: #@ regexp.match("(", "x")
`,
    fails: `
- regexp.match: error parsing regexp: missing closing ): \`(\`
    in <toplevel>
      config.yml:2 | a: #@ regexp.match("(", "x")`,
  },
  {
    name: "struct",
    template: `#@ load("@ytt:struct", "struct")
#@ s = struct.encode({"a": {"b": [1, {"c": 2}]}})
a: #@ s.a.b[1].c
b: #@ struct.decode(s)
c: #@ struct.make(x=1, y="z")
#@ def get(self, n): return self.x + n
#@ o = struct.make_and_bind(struct.make(x=1), get=get)
d: #@ o.get(2)
e: #@ struct.bind(get, struct.make(x=5))(1)
`,
    gives: `a: 2
b:
  a:
    b:
    - 1
    - c: 2
c:
  x: 1
  "y": z
d: 3
e: 6
`,
  },
  {
    name: "assert",
    template: `#@ load("@ytt:assert", "assert")
a: #@ assert.try_to(lambda: assert.fail("no"))[1]
b: #@ assert.try_to(lambda: 1)[0]
c: #@ None or "kept" or assert.fail("x")
d: #@ assert.equals({"a": 1}, {"a": 1})
e: #@ assert.min(2).check(3)
`,
    gives: `a: 'assert.fail: fail: no'
b: 1
c: kept
d: null
e: true
`,
  },
  {
    name: "error: assert.fail",
    template: `#@ load("@ytt:assert", "assert")
#@ def need(x): return x or assert.fail("name is missing")
a: #@ need("")
`,
    fails: `
- assert.fail: fail: name is missing
    in need
      config.yml:2 | #@ def need(x): return x or assert.fail("name is missing")
    in <toplevel>
      config.yml:3 | a: #@ need("")`,
  },
  {
    name: "error: assert.equals",
    template: `#@ load("@ytt:assert", "assert")
#@ assert.equals({"a": 1}, {"a": 2})
`,
    fails: `
- assert.equals: Not equal:
    in <toplevel>
      config.yml:2 | #@ assert.equals({"a": 1}, {"a": 2})

    reason:
     (expected type: dict)
     a: 1
     
     
     (was type: dict)
     a: 2
     `,
  },
  {
    name: "error: assert.min",
    template: `#@ load("@ytt:assert", "assert")
#@ assert.min(5).check(3)
`,
    fails: `
- fail: value < 5
    in lambda
      assert.min:1 | (unavailable)
    in <toplevel>
      config.yml:2 | #@ assert.min(5).check(3)`,
  },
  {
    name: "error: assert.one_not_null",
    template: `#@ load("@ytt:assert", "assert")
#@ assert.one_not_null().check({"a": None})
`,
    fails: `
- check: all values are null
    in <toplevel>
      config.yml:2 | #@ assert.one_not_null().check({"a": None})`,
  },
  {
    name: "ip",
    template: `#@ load("@ytt:ip", "ip")
#@ a = ip.parse_addr("10.0.0.1")
a: #@ [a.is_ipv4(), a.is_ipv6(), a.string()]
#@ x, net = ip.parse_cidr("10.1.2.3/8")
b: #@ [x.string(), net.string(), net.addr().string()]
c: #@ ip.parse_addr("::1").string()
`,
    gives: `a:
- true
- false
- 10.0.0.1
b:
- 10.1.2.3
- 10.0.0.0/8
- 10.0.0.0
c: ::1
`,
  },
  {
    name: "error: ip",
    template: `#@ load("@ytt:ip", "ip")
a: #@ ip.parse_addr("300.1.1.1")
`,
    fails: `
- ip.parse_addr: invalid IP address: 300.1.1.1
    in <toplevel>
      config.yml:2 | a: #@ ip.parse_addr("300.1.1.1")`,
  },
  {
    name: "math",
    template: `#@ load("@ytt:math", "math")
a: #@ [math.ceil(1.2), math.floor(-1.2), math.round(2.5), math.pow(2, 10), math.sqrt(16), math.mod(7, 3)]
b: #@ [math.pi, math.fabs(-1), math.log(8, 2)]
`,
    gives: `a:
- 2
- -2
- 3
- 1024
- 4
- 1
b:
- 3.141592653589793
- 1
- 3
`,
  },
  {
    name: "template, module and load aliases",
    template: `#@ load("@ytt:module", m="module")
#@ x = m.make("x", double=lambda n: 2 * n)
a: #@ x.double(4)
`,
    gives: `a: 8
`,
  },
  {
    name: "error: an unknown module",
    template: `#@ load("@ytt:jsn", "jsn")
`,
    fails: `
- cannot load @ytt:jsn: builtin ytt library does not have module 'jsn' (hint: is it available in newer version of ytt?)
    in <toplevel>
      config.yml:1 | #@ load("@ytt:jsn", "jsn")`,
  },
  {
    name: "error: an unknown symbol",
    template: `#@ load("@ytt:json", "yaml")
`,
    fails: `
- load: name yaml not found in module @ytt:json
    in <toplevel>
      config.yml:1 | #@ load("@ytt:json", "yaml")`,
  },
  {
    name: "error: wrong arguments of a module function",
    template: `#@ load("@ytt:json", "json")
a: #@ json.encode()
`,
    fails: `
- json.encode: expected exactly one argument
    in <toplevel>
      config.yml:2 | a: #@ json.encode()`,
  },
  {
    name: "overlay.apply and overlay.subset",
    template: `#@ load("@ytt:overlay", "overlay")
#@ def left():
items:
- name: a
  n: 1
- name: b
  n: 2
#@ end
#@ def right():
items:
#@overlay/match by=overlay.subset({"name": "b"})
- n: 3
#@ end
---
a: #@ overlay.apply(left(), right())
`,
    gives: `a:
  items:
  - name: a
    false: 1
  - name: b
    false: 3
`,
  },
];

checkCases("modules", CASES);
