/** Which account stamps, and what is said when it cannot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import { failure, notFound } from "#kit/status.ts";
import { accountOf, recheckWhenDenied, stampingActor } from "./account.ts";
import { StepFailure } from "./failure.ts";

const owner = (spec: object = {}): Unstructured => ({
  apiVersion: "carto.run/v1alpha1",
  kind: "Workload",
  metadata: { name: "w", namespace: "team" },
  spec,
});

const CHOICES: [
  title: string,
  spec: object,
  reference: { name: string; namespace?: string } | undefined,
  expected: string,
][] = [
  ["nobody chooses", {}, undefined, "team/default"],
  ["the blueprint chooses", {}, { name: "stamper" }, "team/stamper"],
  ["the blueprint chooses one elsewhere", {}, { name: "stamper", namespace: "ops" }, "ops/stamper"],
  ["the owner chooses", { serviceAccountName: "own" }, { name: "stamper", namespace: "ops" }, "team/own"],
  ["the owner's choice is empty", { serviceAccountName: "" }, { name: "stamper" }, "team/stamper"],
];
for (const [title, spec, reference, expected] of CHOICES)
  test(title, () => {
    const { namespace, name } = accountOf(owner(spec), reference);
    assert.equal(`${namespace}/${name}`, expected);
  });

async function refusal(error: Error): Promise<unknown> {
  const context = { actor: () => Promise.reject(error) } as unknown as Context;
  return await stampingActor(owner(), accountOf(owner()), context).catch((thrown: unknown) => thrown);
}

test("an account that is not there, and one whose token we may not have", async () => {
  const missing = await refusal(notFound({ group: "", resource: "serviceaccounts" }, "default"));
  assert.ok(missing instanceof StepFailure);
  assert.equal(missing.reason, "ServiceAccountError");
  assert.match(
    missing.message,
    /^failed to get service account \[team\/default\]: serviceaccounts "default" not found/,
  );
  assert.deepEqual(recheckWhenDenied([missing]), {});
  const denied = await refusal(failure("Forbidden", "no tokens for you"));
  assert.ok(denied instanceof StepFailure);
  assert.equal(denied.reason, "ServiceAccountTokenError");
  assert.equal(denied.message, "failed to get token for service account [team/default]: no tokens for you");
  assert.notDeepEqual(recheckWhenDenied([undefined, denied]), {});
});

test("what a retry mends is thrown as it is", async () => {
  const down = failure("ServiceUnavailable", "later");
  assert.equal(await refusal(down), down);
});
