// Generated arithmetic and comparisons against a model in JavaScript.
import { equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compile } from "./program.ts";

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** An int expression with what it is worth; undefined when it must fail. */
type Modelled = { text: string; worth: bigint | undefined };

const literal: fc.Arbitrary<Modelled> = fc
  .oneof(fc.bigInt({ min: MIN, max: MAX }), fc.bigInt({ min: -20n, max: 20n }))
  .map((worth) => ({ text: worth < 0n ? `(${worth})` : String(worth), worth }));

function apply(operator: string, left: bigint, right: bigint): bigint | undefined {
  if ((operator === "/" || operator === "%") && right === 0n) return undefined;
  const results: Record<string, () => bigint> = {
    "+": () => left + right,
    "-": () => left - right,
    "*": () => left * right,
    "/": () => left / right,
    "%": () => left % right,
  };
  const result = (results[operator] as () => bigint)();
  return result < MIN || result > MAX ? undefined : result;
}

const { expression } = fc.letrec<{ expression: Modelled }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    literal,
    fc
      .tuple(fc.constantFrom("+", "-", "*", "/", "%"), tie("expression"), tie("expression"))
      .map(([operator, left, right]) => ({
        text: `(${left.text} ${operator} ${right.text})`,
        worth:
          left.worth === undefined || right.worth === undefined ? undefined : apply(operator, left.worth, right.worth),
      })),
    fc.tuple(tie("expression"), tie("expression"), tie("expression"), tie("expression")).map(([a, b, yes, no]) => ({
      text: `(${a.text} < ${b.text} ? ${yes.text} : ${no.text})`,
      worth: a.worth === undefined || b.worth === undefined ? undefined : a.worth < b.worth ? yes.worth : no.worth,
    })),
  ),
}));

test("ints are 64 bits wide, and what does not fit is an error", () => {
  fc.assert(
    fc.property(expression, ({ text, worth }) => {
      const outcome = compile(text, {}).run({}, 1e6);
      equal("value" in outcome ? outcome.value : undefined, worth);
    }),
    { numRuns: 500 },
  );
});

test("comparisons agree with JavaScript's, between ints and doubles too", () => {
  const number = fc.oneof(
    fc.integer().map((worth) => ({ text: worth < 0 ? `(${worth})` : `${worth}`, worth })),
    fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 })
      .map((worth) => ({ text: `double("${worth}")`, worth: Number(String(worth)) })),
  );
  fc.assert(
    fc.property(number, number, fc.constantFrom("<", "<=", ">", ">="), (left, right, operator) => {
      const outcome = compile(`${left.text} ${operator} ${right.text}`, {}).run({}, 1e6);
      const model: Record<string, boolean> = {
        "<": left.worth < right.worth,
        "<=": left.worth <= right.worth,
        ">": left.worth > right.worth,
        ">=": left.worth >= right.worth,
      };
      equal("value" in outcome ? outcome.value : outcome.error.message, model[operator]);
    }),
    { numRuns: 500 },
  );
});

test("any text either compiles or is refused with a place", () => {
  const piece = fc.constantFrom(
    "self",
    "1",
    "'a'",
    "+",
    "&&",
    "(",
    ")",
    "[",
    "]",
    ".",
    "?",
    ":",
    "has",
    "all",
    "x",
    ",",
    "{",
    "}",
    "!",
    "-",
    "in",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        compile(pieces.join(" "), {}).run({}, 1000);
      } catch (error) {
        equal((error as Error).name, "CompileError");
      }
    }),
    { numRuns: 1000 },
  );
});
