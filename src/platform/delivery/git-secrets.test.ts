import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "#engine/controller/controller.ts";
import { gitCredentials } from "./git-secrets.ts";

const encode = (data: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString("base64")]));
const secret = (name: string, host: string, data: Record<string, string>): object => ({
  kind: "Secret",
  metadata: { name, namespace: "team", annotations: { "tekton.dev/git-0": host } },
  data: encode(data),
});
const account = (name: string, ...secrets: string[]): object => ({
  kind: "ServiceAccount",
  metadata: { name, namespace: "team" },
  secrets: secrets.map((each) => ({ name: each })),
});
const basic = { username: "u", password: "p" };
const key = { "ssh-privatekey": "k", known_hosts: "git.example ssh-ed25519 A" };
const WORLD = [
  account("default", "https", "bare", "port"),
  account("writer", "gone", "other"),
  secret("https", "https://git.example", basic),
  secret("bare", "git.example", key),
  secret("port", "https://git.example:8443", { username: "x", password: "y" }),
  secret("other", "https://other.example", { bearerToken: "t" }),
] as { kind: string; metadata: { name: string } }[];
const context = {
  get: async ({ kind }: { kind: string }, name: string) =>
    WORLD.find((object) => object.kind === kind && object.metadata.name === name),
} as unknown as Pick<Context, "get">;

for (const [url, more, expected] of [
  ["https://git.example/team/ops.git", {}, { basic }],
  ["https://git.example:8443/team/ops.git", {}, { basic: { username: "x", password: "y" } }],
  [
    "ssh://git@git.example/team/ops.git",
    {},
    { ssh: { privateKey: "k", knownHosts: key.known_hosts, passphrase: undefined } },
  ],
  ["https://elsewhere.example/ops.git", {}, undefined],
  ["http://git.example/ops.git", {}, undefined],
  ["https://other.example/ops.git", { serviceAccountName: "writer" }, { bearerToken: "t" }],
  ["https://elsewhere.example/ops.git", { secretRef: { name: "https" } }, { basic }],
] as const)
  test(`credentials for ${url} ${JSON.stringify(more)}`, async () => {
    assert.deepEqual(await gitCredentials({ url, ...more }, "team", context), expected);
  });

for (const [more, words] of [
  [{ secretRef: { name: "gone" } }, /^secret "team\/gone" not found$/],
  [{ serviceAccountName: "nobody" }, /^serviceaccount "team\/nobody" not found: create it$/],
] as const)
  test(`what is named and missing is said: ${JSON.stringify(more)}`, async () => {
    await assert.rejects(gitCredentials({ url: "https://git.example/a", ...more }, "team", context), {
      message: words,
    });
  });
