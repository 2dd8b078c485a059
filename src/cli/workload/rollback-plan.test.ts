import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "#api/carto.run/workload.ts";
import type { Trace } from "#platform/insight/index.ts";
import { planRollback } from "./rollback-plan.ts";

const workload = (spec: Workload["spec"], more: object = {}): Workload => ({
  apiVersion: "carto.run/v1alpha1",
  kind: "Workload",
  metadata: { name: "app", namespace: "ns", labels: { a: "1" } },
  spec,
  ...more,
});

const trace = (commit: string, steps: Trace["steps"]): Trace => ({
  workload: "ns/app",
  commit,
  steps: [{ step: "commit", what: commit, where: `main@sha1:${commit}` }, ...steps],
});
const at = "2026-01-01T00:00:00Z";
const live: Trace["steps"] = [
  { step: "revision", what: "app-00001", at },
  { step: "live", what: "app-00001", at },
];
const BAD = trace("c".repeat(40), [{ step: "image", what: "sha256:3", at }]);
const GOOD = trace("b".repeat(40), live);
const OLD = trace("a".repeat(40), [
  { step: "revision", what: "app-00000", at },
  { step: "live", what: "app-00000", at },
]);
const present = (commit: string) => ({
  status: {
    resources: [
      { name: "source-provider", outputs: [{ name: "revision", preview: `main@sha1:${commit}\n`, digest: "" }] },
    ],
  },
});
const git = { source: { git: { url: "u", ref: { branch: "main" } } } };

for (const [title, commit, to, expected] of [
  ["to the last that was live", BAD.commit, undefined, GOOD.commit],
  ["from a good one to the one before", GOOD.commit, undefined, OLD.commit],
  ["to a commit by its beginning", BAD.commit, "aaaa", OLD.commit],
  ["to a revision", BAD.commit, "app-00000", OLD.commit],
] as const)
  test(`rollback ${title}`, () => {
    const rolled = planRollback(workload(git, present(commit)), { traces: [BAD, GOOD, OLD], images: [] }, to);
    assert.deepEqual(rolled.workload.spec.source?.git?.ref, { branch: "main", commit: expected });
  });

test("rollback after a rollback goes further back", () => {
  const again = trace(GOOD.commit, live);
  const rolled = planRollback(
    workload(git, present(GOOD.commit)),
    { traces: [again, BAD, GOOD, OLD], images: [] },
    undefined,
  );
  assert.equal(rolled.workload.spec.source?.git?.ref?.commit, OLD.commit);
});

test("rollback of a worker, of a source image, and of an image", () => {
  const built = trace("d".repeat(40), [{ step: "image", what: "sha256:2", at }]);
  const worker = planRollback(workload(git, present(BAD.commit)), { traces: [BAD, built], images: [] }, undefined);
  assert.equal(worker.workload.spec.source?.git?.ref?.commit, built.commit);
  const where = "r/s:latest@sha256:1";
  const uploaded: Trace = { workload: "ns/app", commit: "1", steps: [{ step: "commit", what: "1", where }, ...live] };
  const source = planRollback(
    workload({ source: { image: "r/s@sha256:2" } }),
    { traces: [uploaded], images: [] },
    undefined,
  );
  assert.equal(source.workload.spec.source?.image, where);
  const image = planRollback(workload({ image: "r/i:2" }), { traces: [], images: ["r/i:2", "r/i:1"] }, undefined);
  assert.equal(image.workload.spec.image, "r/i:1");
});

test("rollback to nothing is refused", () => {
  for (const to of [undefined, "none"])
    assert.throws(() => planRollback(workload(git), { traces: [], images: [] }, to), { name: "CliError", exitCode: 3 });
});
