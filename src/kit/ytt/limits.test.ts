/** A hostile template ends: every way to take time or memory without end is counted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FileCache, renderYtt, YttError } from "./index.ts";

const LIMITS = { steps: 100_000, size: 500_000, total: 4_000_000 };
const STEPS = /takes more than 100000 steps/;
const SIZE = /larger than the limit|makes more than|takes more than|too large/;
const DEPTH = /nested too deeply|too deeply; make it flatter|more than \d+ calls are open|maximum recursion depth/;

/** Ten of ten of ten … of one value. */
const nested = (name: string): string =>
  `#@ ${name} = [0] * 10\n#@ for i in range(12):\n#@ ${name} = [${name}] * 10\n#@ end\n`;
const aliases = "abcdefgh"
  .split("")
  .map((name, at, all) => `${name}: &${name} [${Array(10).fill(at === 0 ? "x" : `*${all[at - 1]}`)}]\n`)
  .join("");

const ROWS: { name: string; template: string; ends: RegExp }[] = [
  { name: "a loop without end", template: "#@ while True:\n#@ end\n", ends: STEPS },
  { name: "a loop that calls", template: "#@ def f(): return 1\n#@ while f():\n#@ end\n", ends: STEPS },
  { name: "a range", template: "a: #@ [x for x in range(1000000000)]\n", ends: SIZE },
  { name: "a list of a range", template: "a: #@ list(range(1000000000))\n", ends: SIZE },
  { name: "nodes", template: "#@ for i in range(100000000):\n- a: 1\n#@ end\n", ends: SIZE },
  { name: "recursion", template: "#@ def f(n): return f(n + 1)\n#@ f(0)\n", ends: DEPTH },
  { name: "doubled text", template: '#@ x = "ab"\n#@ for i in range(60):\n#@ x += x\n#@ end\n', ends: SIZE },
  { name: "a doubled list", template: "#@ x = [1]\n#@ for i in range(60):\n#@ x.extend(x)\n#@ end\n", ends: SIZE },
  { name: "a multiplied string", template: 'a: #@ "a" * 1000000000\n', ends: SIZE },
  { name: "a large number", template: "#@ x = 3\n#@ for i in range(60):\n#@ x = x * x\n#@ end\n", ends: SIZE },
  { name: "replacements", template: '#@ x = "a" * 100000\na: #@ x.replace("a", x)\n', ends: SIZE },
  { name: "fields of a format", template: '#@ x = "a" * 100000\na: #@ ("%s" * 100) % tuple([x] * 100)\n', ends: SIZE },
  { name: "lists in lists", template: `${nested("x")}a: #@ x\n`, ends: SIZE },
  { name: "lists in lists as text", template: `${nested("x")}a: #@ str(x)\n`, ends: SIZE },
  { name: "lists in lists compared", template: `${nested("x")}${nested("z")}a: #@ x == z\n`, ends: DEPTH },
  { name: "aliases of aliases", template: aliases, ends: SIZE },
  { name: "a list in itself", template: "#@ x = []\n#@ x.append(x)\na: #@ x\n", ends: DEPTH },
  { name: "brackets in YAML", template: `a: ${"[".repeat(5000)}\n`, ends: DEPTH },
  { name: "parentheses in code", template: `a: #@ ${"(".repeat(5000)}1\n`, ends: DEPTH },
  { name: "a long sum", template: `a: #@ ${"1+".repeat(50_000)}1\n`, ends: DEPTH },
  {
    name: "blocks in blocks",
    template: `${"#@ if True:\n".repeat(5000)}a: 1\n${"#@ end\n".repeat(5000)}`,
    ends: DEPTH,
  },
  {
    name: "a pattern that others try in exponentially many ways",
    template: '#@ load("@ytt:regexp", "regexp")\na: #@ regexp.match("^(a+)+$", "a" * 400000 + "b")\n',
    ends: STEPS,
  },
  {
    name: "overlays of many items",
    template: `#@ load("@ytt:overlay", "overlay")\n#@ def l():\n${"- a\n".repeat(500)}#@ end\n#@ def r():\n${'#@overlay/match by=overlay.all, expects="0+"\n#@overlay/insert before=True\n- b\n'.repeat(40)}#@ end\n---\na: #@ overlay.apply(l(), r())\n`,
    ends: SIZE,
  },
];

for (const { name, template, ends } of ROWS)
  test(`limits: ${name}`, () => {
    assert.throws(
      () => renderYtt([{ path: "config.yml", text: template }], { limits: LIMITS }),
      (error) => error instanceof YttError && ends.test(error.message),
    );
  });

test("limits: a template cannot catch them", () => {
  const template = `#@ load("@ytt:assert", "assert")
#@ def forever():
#@   while True:
#@     x = 1
#@   end
#@ end
a: #@ assert.try_to(forever)[1]
`;
  assert.throws(() => renderYtt([{ path: "config.yml", text: template }], { limits: LIMITS }), STEPS);
});

test("the cache gives what a new reading gives, and lets go of the oldest text", () => {
  const cache = new FileCache(300);
  const text = (n: number): string => `#@ load("@ytt:data", "data")\nn${n}: #@ data.values.v\n`;
  for (const v of [1, 2])
    for (const n of [1, 2, 3, 1, 4, 5, 6, 1]) {
      const file = { path: "config.yml", text: text(n) };
      const options = { dataValues: { v } };
      assert.deepEqual(renderYtt([file], { ...options, cache }), renderYtt([file], options));
    }
  const plain = { path: "plain.yml", text: "a: 1\na: 2\n" };
  for (let i = 0; i < 3; i++) assert.equal(renderYtt([plain], { cache }).text, "a: 2\n");
  const wrong = { path: "config.yml", text: "a: #@ gone\n" };
  for (let i = 0; i < 3; i++) assert.throws(() => renderYtt([wrong], { cache }), /undefined: gone/);
});

test("text templates are files of their own, and plain ones pass", () => {
  const { files, text } = renderYtt(
    [
      { path: "note.txt", text: '(@ load("@ytt:data", "data") -@)\nHello (@= data.values.who @)!\n' },
      { path: "config.yml", text: "a: 1\n" },
      { path: "data.bin", text: "(@ not code" },
    ],
    { dataValues: { who: "you" } },
  );
  assert.deepEqual(files, [
    { path: "note.txt", documents: [], text: "Hello you!\n" },
    { path: "config.yml", documents: [{ a: 1 }], text: "a: 1\n" },
  ]);
  assert.equal(text, "a: 1\n");
});
