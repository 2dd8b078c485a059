/** Which outputs belong together, in chains of several shapes; and when an object has settled. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Template } from "#api/carto.run/templates.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { areRelated, findMismatch, type Lineage, lineageOf, type Mismatch } from "./lineage.ts";
import { isSettled } from "./settled.ts";

/** Steps in order, what each reads, and which have not settled. */
type Chain = { reads: Record<string, string[]>; lagging?: string[]; known?: Record<string, string> };

function outcome({ reads, lagging = [], known = {} }: Chain): Mismatch | "unrelated" | undefined {
  const lineages = new Map<string, Lineage>();
  const of = (step: string): Lineage[] => (reads[step] ?? []).flatMap((name) => lineages.get(name) ?? []);
  for (const step of Object.keys(reads)) lineages.set(step, lineageOf(step, of(step), !lagging.includes(step)));
  const inputs = (reads.end ?? []).map((resource) => ({
    resource,
    lineage: lineages.get(resource) ?? new Map(),
    digest: `${resource} now`,
  }));
  return areRelated(of("end")) ? findMismatch(inputs, known) : "unrelated";
}

const PAIR = { source: [], image: ["source"], end: ["source", "image"] };
const LONG = { source: [], image: ["source"], config: ["image"], end: ["source", "config"] };
const FORK = { source: [], image: ["source"], one: ["image"], other: ["image"], end: ["one", "other"] };
const CHAINS: [name: string, chain: Chain, expected: ReturnType<typeof outcome>][] = [
  ["one input", { reads: { source: [], end: ["source"] }, lagging: ["source"] }, "unrelated"],
  ["two inputs of nothing in common", { reads: { a: [], b: [], end: ["a", "b"] }, lagging: ["b"] }, "unrelated"],
  ["a source and an image of it", { reads: PAIR }, undefined],
  ["an image that lags", { reads: PAIR, lagging: ["image"] }, { ahead: "source", behind: "image" }],
  ["a source that lags is one version", { reads: PAIR, lagging: ["source"] }, undefined],
  [
    "a lagging image that was used with this source",
    { reads: PAIR, lagging: ["image"], known: { source: "source now", image: "image now" } },
    undefined,
  ],
  [
    "a lagging image that was used with another source",
    { reads: PAIR, lagging: ["image"], known: { source: "source then", image: "image now" } },
    { ahead: "source", behind: "image" },
  ],
  ["a lagging image far up", { reads: LONG, lagging: ["image"] }, { ahead: "source", behind: "image" }],
  ["a lagging step between", { reads: LONG, lagging: ["config"] }, { ahead: "source", behind: "config" }],
  ["both of the same lagging image", { reads: FORK, lagging: ["image"] }, undefined],
  ["one of two that lags", { reads: FORK, lagging: ["image", "other"] }, { ahead: "image", behind: "other" }],
  ["two that lag", { reads: FORK, lagging: ["one", "other"] }, { ahead: "image", behind: "one" }],
];

for (const [name, chain, expected] of CHAINS) test(`inputs: ${name}`, () => assert.deepEqual(outcome(chain), expected));

const ready = (status: string, observedGeneration?: number): object => ({
  conditions: [{ type: "Ready", status, ...(observedGeneration && { observedGeneration }) }],
});
const RULE = { healthRule: { singleConditionType: "Ready" } };
const ALWAYS = { healthRule: { alwaysHealthy: {} } };
const OBJECTS: [name: string, spec: object, status: object | undefined, expected: boolean][] = [
  ["no status at all", {}, undefined, true],
  ["healthy, and seen", RULE, { observedGeneration: 2, ...ready("True") }, true],
  ["healthy, not seen yet", RULE, { observedGeneration: 1, ...ready("True") }, false],
  ["seen, not healthy", RULE, { observedGeneration: 2, ...ready("False") }, false],
  ["no rule, and its own word is no", {}, { observedGeneration: 2, ...ready("Unknown") }, false],
  ["no rule, and its own word is yes", {}, { observedGeneration: 2, ...ready("True") }, true],
  ["no rule, and not seen yet", {}, { observedGeneration: 1 }, false],
  ["a condition that has not seen it", RULE, ready("True", 1), false],
  ["a condition that has seen it", RULE, ready("True", 2), true],
  ["always healthy, whatever it says", ALWAYS, { observedGeneration: 2, ...ready("False") }, true],
  ["always healthy, not seen yet", ALWAYS, { observedGeneration: 1 }, false],
  ["neither generation nor rule", {}, { image: "x" }, true],
];

for (const [name, spec, status, expected] of OBJECTS)
  test(`settled: ${name}`, () => {
    const template = { kind: "ClusterImageTemplate", metadata: { name: "t" }, spec } as unknown as Template;
    const latest = { metadata: { name: "o", generation: 2 }, ...(status && { status }) } as unknown as Unstructured;
    const submission = { resource: {} as ResourceRef, latest, source: latest, change: undefined };
    assert.equal(isSettled(template, submission), expected);
  });
