/** Random templates, rendered by us and by the real `ytt` when it is there: equal output, and failures that agree. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { test } from "node:test";
import { renderYtt, YttError } from "#kit/ytt/index.ts";
import { randomTemplate, VALUES } from "./templates.ts";

const SEEDS = { first: 1, count: Number(process.env.YTT_SEEDS ?? 400) };
const GIVEN = Object.entries(VALUES).flatMap(([key, value]) => [
  "--data-value-yaml",
  `${key}=${JSON.stringify(value)}`,
]);
const missing = spawnSync("ytt", ["version"]).error ? "there is no ytt on the PATH to compare with" : false;

type Rendering = { readonly text: string } | { readonly error: string };

/** What goes wrong in Go itself, and pairs that only Go's sort compares in that order: no text to agree on. */
const OWN_WORDS = /\(p\) |runtime error: |^panic: | not implemented$|but was \[\]interface|but was \*ordered/m;

test(`${SEEDS.count} random templates are rendered as ytt renders them`, { skip: missing }, async () => {
  let rendered = 0;
  for (let seed = SEEDS.first; seed < SEEDS.first + SEEDS.count; seed++) {
    const template = randomTemplate(seed);
    const [theirs, ours] = [await renderTheirs(template), renderOurs(template)];
    const about = `seed ${seed}:\n${template}`;
    if ("text" in theirs) {
      assert.deepEqual(ours, theirs, about);
      rendered++;
    } else {
      assert.ok("error" in ours, `${about}\nytt refuses this:\n${theirs.error}`);
      if (!OWN_WORDS.test(theirs.error)) assert.equal(topic(ours.error), topic(theirs.error), about);
    }
  }
  assert.ok(rendered > SEEDS.count / 4, `only ${rendered} templates of ${SEEDS.count} could be rendered at all`);
});

function renderOurs(text: string): Rendering {
  try {
    return { text: renderYtt([{ path: "stdin.yml", text }], { dataValues: VALUES }).text };
  } catch (error) {
    if (!(error instanceof YttError)) throw error;
    return { error: `ytt: Error: ${error.message}\n` };
  }
}

async function renderTheirs(text: string): Promise<Rendering> {
  const child = spawn("ytt", ["-f", "-", ...GIVEN]);
  const output = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  child.stdin.end(text);
  const [out, errors] = (await Promise.all(output)).map((pieces) => pieces.join(""));
  const code = child.exitCode ?? (await new Promise<number>((resolve) => child.once("close", resolve)));
  return code === 0 ? { text: out ?? "" } : { error: errors ?? "" };
}

/** The first two lines: what is wrong, without where. */
function topic(error: string): string {
  return error.split("\n").slice(0, 2).join("\n");
}
