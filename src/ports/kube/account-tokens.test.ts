/** When tokens are asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failure } from "#kit/status.ts";
import { AccountTokens } from "./account-tokens.ts";

const HOUR_MS = 60 * 60 * 1000;
const account = { namespace: "team", name: "default", uid: "u1" };

test("a token is asked for once, again after half of its life, and for another account of that name", async () => {
  let now = 0;
  const asked: string[] = [];
  const tokens = new AccountTokens(
    async ({ path }) => ({ status: { token: `t${asked.push(path)}` } }),
    () => new Date(now),
  );
  assert.deepEqual(await Promise.all([tokens.of(account), tokens.of(account)]), ["t1", "t1"]);
  now = HOUR_MS - 1;
  assert.equal(await tokens.of(account), "t1");
  now = HOUR_MS;
  assert.equal(await tokens.of(account), "t2");
  assert.equal(await tokens.of({ ...account, uid: "u2" }), "t3");
  assert.deepEqual(new Set(asked), new Set(["/api/v1/namespaces/team/serviceaccounts/default/token"]));
});

test("a failure is not kept", async () => {
  let fails = true;
  const tokens = new AccountTokens(
    async () => {
      if (fails) throw failure("Forbidden", "no");
      return { status: { token: "t" } };
    },
    () => new Date(0),
  );
  await assert.rejects(tokens.of(account), /no/);
  fails = false;
  assert.equal(await tokens.of(account), "t");
});
