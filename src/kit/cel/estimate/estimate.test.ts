// What rules may cost at most, as a real API server estimates it when it is given their schema.
import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { StructuralSchema } from "../../schema/structural.ts";
import { maximumCost } from "../program.ts";
import { compileRules, visible } from "../rules.ts";
import { declaredSize } from "./declared.ts";

function cost(schema: StructuralSchema, rule: string): number {
  const [compiled] = compileRules({ ...schema, "x-kubernetes-validations": [{ rule }] }, false);
  ok(compiled?.variables, compiled?.problem);
  return maximumCost(rule, compiled.variables, declaredSize(visible(schema, false)));
}

const int: StructuralSchema = { type: "integer" };
const text = (maxLength: number): StructuralSchema => ({ type: "string", maxLength });
const list = (items: StructuralSchema, maxItems?: number): StructuralSchema => ({
  type: "array",
  items,
  ...(maxItems && { maxItems }),
});
const map = (additionalProperties: StructuralSchema, maxProperties: number): StructuralSchema => ({
  type: "object",
  additionalProperties,
  maxProperties,
});
const object = (properties: Record<string, StructuralSchema>): StructuralSchema => ({ type: "object", properties });

const COSTS: [schema: StructuralSchema, rule: string, cost: number][] = [
  [int, "self > 1", 2],
  [int, "self == 1", 1],
  [text(100), "self.contains('abc')", 41],
  [text(100), "self.matches('^[a-z]+$')", 83],
  [text(100), "!(self in ['a','b']) && self.size() > 2", 17],
  [text(100), "!format.uuid().validate(self).hasValue()", 1284],
  [list(int, 10), "self.all(x, x > 1)", 52],
  [list(int, 10), "self.exists_one(x, x > 1)", 43],
  [list(int, 10), "self.filter(x, x > 1).all(y, y > 1)", 213],
  [list(int, 10), "self.all(x, self.all(y, x == y))", 552],
  [list(int, 10), "self.isSorted()", 11],
  [list(text(20), 10), "self.isSorted()", 91],
  [list(text(20), 10), "self.join(',') == 'x'", 83],
  [list(text(10), 30), "self.map(x, x.size()).sum() > 1", 463],
  [map(text(10), 30), "self.transformMap(k, v, v).size() > 1", 154],
  [object({ a: text(100) }), "has(self.a)", 1],
  [object({ i: int, a: text(100) }), "self.i == 1 ? self.a == 'x' : true", 5],
  [object({ m: map(text(20), 10) }), "self.m.all(k, self.m[k] == 'x')", 83],
  [object({ e: { type: "string", enum: ["aaa", "bbbbb"] } }), "self.e == 'aaa'", 3],
  [object({ a: text(100) }), "self.a.split(',').all(p, p == 'x')", 1683],
  [object({ a: text(100) }), "url(self.a).getHost() == 'x'", 44],
  [object({ p: text(100) }), "cidr(self.p).masked() == cidr(self.p)", 86],
  [object({ p: text(100) }), "quantity(self.p).add(quantity('1')).isGreaterThan(quantity('2'))", 46],
  [object({ a: text(10) }), "self.?a.optMap(x, x == 'b').orValue(true)", 20],
  [object({ a: text(10) }), "(true ? self.a : 'abc').contains('x')", 6],
  [object({ i: int }), "-self.i < 2 && self.i % 2 == 0", 8],
  [list({ type: "string", format: "date-time" }), "self.all(x, true)", 428_963],
  [list({ type: "string", format: "duration" }), "self.all(x, true)", 2_359_295],
  [list({ "x-kubernetes-int-or-string": true }), "self.all(x, true)", 4_718_591],
];

for (const [schema, rule, expected] of COSTS)
  test(`${rule} on ${JSON.stringify(schema)}`, () => equal(Math.round(cost(schema, rule)), expected));
