import { deepEqual, equal, match, throws } from "node:assert/strict";
import { test } from "node:test";
import type { StructuralSchema } from "../schema/structural.ts";
import { equals } from "./compare.ts";
import { CostExceeded } from "./errors.ts";
import { compile } from "./program.ts";
import { typeOfSchema, withObjectMeta } from "./schema-types.ts";
import { toValue } from "./schema-values.ts";
import type { Type } from "./types.ts";
import type { Value } from "./values.ts";

const EXPRESSION =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const schema: StructuralSchema = withObjectMeta({
  type: "object",
  properties: {
    count: { type: "integer" },
    ratio: { type: "number" },
    text: { type: "string" },
    absent: { type: "string" },
    list: { type: "array", items: { type: "integer" } },
    set: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { type: "object", properties: { name: { type: "string" }, port: { type: "integer" } } },
    },
    labels: { type: "object", additionalProperties: { type: "string" } },
    "with-dash.dot/slash": { type: "boolean" },
    namespace: { type: "string" },
    either: { "x-kubernetes-int-or-string": true },
    at: { type: "string", format: "date-time" },
    day: { type: "string", format: "date" },
    wait: { type: "string", format: "duration" },
    data: { type: "string", format: "byte" },
    open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    pod: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
  },
});

const object = {
  apiVersion: "example.dev/v1",
  kind: "Widget",
  metadata: { name: "w1", labels: { hidden: "yes" } },
  count: 7,
  ratio: 2,
  text: "héllo",
  list: [3, 1, 2],
  set: ["b", "a"],
  ports: [
    { name: "http", port: 80 },
    { name: "tls", port: 443 },
  ],
  labels: { tier: "web" },
  "with-dash.dot/slash": true,
  namespace: "shop",
  either: "80%",
  at: "2020-02-29T12:00:00Z",
  day: "2020-02-29",
  wait: "1h30m",
  data: "aGk=",
  open: { anything: 1 },
  pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" } },
};

const self = toValue(schema, object);
const type = typeOfSchema(schema) as Type;

function run(source: string, limit = 1e6) {
  return compile(source, { self: type }).run({ self }, limit);
}

const TRUE = `
7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1
self.count / 2 == 3 && self.ratio / 4.0 == 0.5
9223372036854775807 > 0 && -9223372036854775808 < 0
1u + 2u == 3u && 0x10 == 16 && 1e3 == 1000.0
1 < 1.5 && 2u >= 2 && dyn(1) == 1.0
"a" < "b" && b"a" < b"b" && !(true < false)
self.text.size() == 5 && size(self.text) == 5
'tab\\there' == "tab\\u0009here" && r'\\n'.size() == 2 && '''a'b''' == "a'b"
self.list.all(x, x > 0) && self.list.exists(x, x == 3) && self.list.exists_one(x, x == 1)
self.list.filter(x, x > 1) == [3, 2] && self.list.map(x, x * 2) == [6, 2, 4] && self.list.map(x, x > 1, x) == [3, 2]
self.list.all(i, x, i < 3 && x > 0) && self.labels.exists(k, v, k == "tier" && v == "web")
self.list.transformList(i, x, i + x) == [3, 2, 4] && {"a": 1}.transformMap(k, v, v + 1) == {"a": 2}
self.list.all(x, 1 / (x - 3) > 0) || true
self.list.exists(x, x / (x - 3) > 100 || x == 1)
has(self.text) && !has(self.absent) && has(self.labels.tier) && !has(self.labels.x)
"tier" in self.labels && 3 in self.list && !(9 in self.list)
self.set == ["a", "b"] && self.set + ["a", "c"] == ["c", "b", "a"]
self.ports + self.ports == self.ports && (self.ports + self.ports).size() == 2
self.ports.filter(p, p.name == "tls")[0].port == 443
self.labels["tier"] == "web" && self.labels.tier == "web"
self.with__dash__dash__dot__dot__slash__slash == true && self.__namespace__ == "shop"
self.metadata.name == "w1" && self.kind == "Widget" && self.pod.metadata.name == "p"
type(self.either) == string ? self.either == "80%" : self.either == 80
self.at.getFullYear() == 2020 && self.at.getMonth() == 1 && self.at.getDayOfMonth() == 28 && self.at.getDate() == 29
self.at.getHours("America/New_York") == 7 && self.at.getHours("+02:00") == 14
self.day < self.at && self.at - self.day == duration("12h")
self.wait == duration("90m") && self.wait.getMinutes() == 90 && string(self.wait) == "5400s"
string(timestamp("2020-01-01T00:00:00.5Z")) == "2020-01-01T00:00:00.5Z"
self.data == b"hi" && string(self.data) == "hi" && bytes("hi") == self.data
int("42") == 42 && int(2.9) == 2 && double(3) == 3.0 && string(1.5) == "1.5" && bool("true") && uint(3) == 3u
type(1) == int && type("") == string && type([]) == list && type(self.at) == google.protobuf.Timestamp
self.text.matches("^h.*o$") && "a1b22".findAll("[0-9]+") == ["1", "22"] && "a1b22".find("[0-9]+") == "1"
"a1b22".findAll("[0-9]+", 1) == ["1"] && "x".findAll("[0-9]") == []
"a,b,c".split(",") == ["a", "b", "c"] && "a,b,c".split(",", 2) == ["a", "b,c"] && ["a", "b"].join("-") == "a-b"
"Hello".lowerAscii() == "hello" && "héL".upperAscii() == "HéL" && " x ".trim() == "x"
"hello".substring(1, 3) == "el" && "hello".charAt(1) == "e" && "hello".indexOf("l") == 2 && "hello".lastIndexOf("l") == 3
"aaa".replace("a", "b", 2) == "bba" && "aaa".replace("a", "$&") == "$&$&$&"
"%s has %d, %.2f%%, %x, %b, %s".format(["x", 3, 1.5, 255, 5, ["a"]]) == "x has 3, 1.50%, ff, 101, [a]"
[1, 2, 2].isSorted() && !self.list.isSorted() && self.list.sum() == 6 && self.list.min() == 1 && self.list.max() == 3
["b", "a"].max() == "b" && self.list.indexOf(2) == 2 && [1, 2, 1].lastIndexOf(1) == 2 && [].sum() == 0
sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])
self.?absent.orValue("none") == "none" && self.?text.hasValue() && self.labels[?"x"].or(optional.of("y")).value() == "y"
self.list[?9].hasValue() == false && optional.of(2).optMap(x, x * 2).value() == 4 && optional.none() == optional.none()
[?optional.none(), 1] == [1] && {?"a": optional.of(1)} == {"a": 1} && !optional.ofNonZeroValue("").hasValue()
optional.of(1).optFlatMap(x, optional.of(x + 1)) == optional.of(2)
url("https://me@example.com:80/a%20b?x=1&x=2#f").getHost() == "example.com:80" && isURL("/path") && !isURL("x y")
url("https://[::1]:80/").getHostname() == "::1" && url("https://a/?x=1&x=2").getQuery() == {"x": ["1", "2"]}
isIP("::1") && !isIP("01.2.3.4") && ip("127.0.0.1").isLoopback() && ip("fe80::1").isLinkLocalUnicast() && ip("8.8.8.8").isGlobalUnicast()
string(ip("2001:0db8:0:0:1:0:0:1")) == "2001:db8::1:0:0:1" && ip.isCanonical("::1") && ip("::1").family() == 6
cidr("10.0.0.0/8").containsIP("10.1.2.3") && cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && !isCIDR("10.0.0.0/33")
cidr("10.1.2.3/8").masked() == cidr("10.0.0.0/8") && cidr("10.1.2.3/8").ip() == ip("10.1.2.3")
quantity("1.5Gi").isGreaterThan(quantity("1G")) && quantity("1000m") == quantity("1") && isQuantity("5Ki") && !isQuantity("5 Ki")
quantity("50k").asInteger() == 50000 && quantity("1.5").isInteger() == false && quantity("1").add(2).compareTo(quantity("3")) == 0
!format.dns1123Label().validate("good-name").hasValue() && format.dns1123Label().validate("Bad").hasValue()
format.named("uuid").hasValue() && !format.named("nope").hasValue()
true ? 1 == 1 : false
// a comment
  true
{"a": 1, "b": 2}.size() == 2 && {1: "x"}[1] == "x" && dyn({1: "x"})[1u] == "x"
`
  .replaceAll("// a comment\n", "// a comment\u2028")
  .trim()
  .split("\n")
  .map((line) => line.replace("\u2028", "\n"));

for (const source of TRUE.filter((line) => line.trim() !== "true" || line.includes("//")))
  test(`true: ${source}`, () => {
    const outcome = run(source);
    equal("value" in outcome ? outcome.value : String(outcome.error), true);
  });

const FAILING: [source: string, message: RegExp][] = [
  ["1 / 0 == 1", /^division by zero$/],
  ["1 % 0 == 1", /^modulus by zero$/],
  ["9223372036854775807 + 1 == 0", /^integer overflow$/],
  ["-(-9223372036854775808) == 0", /^integer overflow$/],
  ["0u - 1u == 0u", /^unsigned integer overflow$/],
  ["self.list[9] == 1", /^index out of bounds: 9$/],
  ["self.labels.nope == ''", /^no such key: nope$/],
  ["self.absent == ''", /^no such key: absent$/],
  ["self.either > 3", /^no such overload$/],
  ["optional.none().value() == 1", /^optional.none\(\) dereference$/],
  ["quantity('x') == quantity('y')", /^quantities must match/],
  ["{'a': 1, 'a': 2}.size() == 1", /already exists/],
  ["int('x') == 1", /invalid syntax/],
  ["[].min() == 1", /empty list/],
];

for (const [source, message] of FAILING)
  test(`fails: ${source}`, () => {
    const outcome = run(source);
    match("error" in outcome ? outcome.error.message : `it gave ${String(outcome.value)}`, message);
  });

const REFUSED: [source: string, message: string][] = [
  ["self.nope", "1:5: undefined field 'nope'"],
  ["self.pod.spec", "1:9: undefined field 'spec'"],
  ["self.metadata.labels", "1:14: undefined field 'labels'"],
  ["self.open.anything", "1:10: undefined field 'anything'"],
  ["nope > 1", "1:1: undeclared reference to 'nope' (in container '')"],
  ["self.text.nope()", "1:15: undeclared reference to 'nope' (in container '')"],
  ["self.count + 'x'", "1:12: found no matching overload for '_+_' applied to '(int, string)'"],
  ["self.text.size(1)", "1:15: found no matching overload for 'size' applied to 'string.(int)'"],
  ["1 == 1.0", "1:3: found no matching overload for '_==_' applied to '(int, double)'"],
  ["[1, 'a']", "1:1: expected type 'int' but found 'string'"],
  [
    "self.count.all(x, x)",
    "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
  ],
  ["self.text.name", "1:10: type 'string' does not support field selection"],
  ["has(self)", "1:5: invalid argument to has() macro"],
  ["true &&", `1:8: Syntax error: mismatched input '<EOF>' expecting ${EXPRESSION}`],
  ["1 &&\n'x' && true", "1:3: found no matching overload for '_&&_' applied to '(int, string)'"],
  ["9223372036854775808", "1:1: invalid int literal"],
  ["package", "1:1: reserved identifier: package"],
  ["'open", "1:1: Syntax error: unterminated string"],
];

for (const [source, message] of REFUSED)
  test(`does not compile: ${source}`, () =>
    throws(
      () => compile(source, { self: type }),
      (error: Error) => error.message.startsWith(`ERROR: <input>:${message}\n | `),
    ));

test("deep nesting is refused, not a stack overflow", () => {
  throws(() => compile(`${"(".repeat(5000)}1${")".repeat(5000)}`, {}), /nested too deeply/);
  throws(() => compile(`${"!".repeat(5000)}true`, {}), /nested too deeply/);
});

test("what an expression costs is counted, and too much stops it", () => {
  const small = run("self.list.all(x, x > 0)");
  const outcome = run("self.list.all(a, self.list.all(b, self.list.all(c, a + b + c > 0)))", 100);
  equal("value" in small && small.cost > 5 && small.cost < 100, true);
  equal("error" in outcome && outcome.error instanceof CostExceeded, true);
});

test("equal values are equal whatever their form", () => {
  const list: Value = [1n, "a", [2.5]];
  deepEqual(
    [equals(list, [1n, "a", [2.5]]), equals(list, [1n, "a"]), equals(Number.NaN, Number.NaN)],
    [true, false, false],
  );
});
