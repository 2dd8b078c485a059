import assert from "node:assert/strict";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type PassResult, runPass } from "#engine/controller/testkit.ts";
import { createGitPort, type GitPort } from "#ports/git/git.ts";
import { createGitHost, type GitHost } from "#ports/git/host.ts";
import { configCommitController } from "./config-commit.ts";

let directory: string;
let host: GitHost;
let git: GitPort;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-delivery-"));
  host = await createGitHost({ directory: join(directory, "git"), authorize: async () => true });
  git = createGitPort({ cacheDirectory: join(directory, "mirrors") });
  await host.create("config");
});

after(async () => {
  git.close();
  await rm(directory, { recursive: true, force: true });
});

function configCommit(name: string, spec: object = {}, status?: object) {
  return {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ConfigCommit",
    metadata: { name, namespace: "dev" },
    spec: {
      repository: { url: "http://slipway/git/config.git", branch: "main" },
      path: `config/dev/${name}`,
      files: { "delivery.yml": `name: ${name}\n` },
      ...spec,
    },
    ...(status && { status }),
  };
}

function reconcile(
  object: { metadata: { name: string } },
  world: readonly object[] = [],
  now = new Date(),
): Promise<PassResult> {
  const controller = configCommitController({
    git,
    embedded: () => host.path("config"),
    isShared: (url) => url.endsWith("/shared.git"),
  });
  return runPass(controller, { world: [object, ...world], key: `dev/${object.metadata.name}`, now });
}

async function tip() {
  return (await git.pin({ path: host.path("config") }, { branch: "main" })).commit;
}

test("files are committed once, with provenance", async () => {
  const provenance = { "Slipway-Workload": "dev/one", "Slipway-Image": "r/x@sha256:1", "not a token": "x", Empty: " " };
  const now = new Date("2026-02-03T04:05:06.789Z");
  const { status } = await reconcile(configCommit("one", { provenance, message: "Deliver one" }), [], now);
  const commit = await tip();
  assert.equal(commit.message, "Deliver one\n\nSlipway-Workload: dev/one\nSlipway-Image: r/x@sha256:1\n");
  assert.deepEqual(
    [status.commit, status.revision, status.committedAt],
    [commit.id, `main@sha1:${commit.id}`, now.toISOString()],
  );

  const again = await reconcile(configCommit("one", { provenance: {} }, status));
  assert.deepEqual([again.status.commit, again.status.committedAt], [commit.id, now.toISOString()]);
  const forgotten = await reconcile(configCommit("one"));
  assert.equal(forgotten.status.commit, commit.id, "a lost status does not give a second commit");
  await reconcile(configCommit("two"));
  const changed = await reconcile(configCommit("one", { files: { "x.yml": "x" } }, status));
  assert.equal((await tip()).id, changed.status.commit);
  assert.notEqual(changed.status.previousCommit, commit.id);
  const files = await git.readFiles(host.path("config"), (await tip()).id, "config/dev/one");
  assert.deepEqual([...files.keys()], ["x.yml"]);
});

test("files may come from a ConfigMap", async () => {
  const object = configCommit("map", { files: undefined, configMapRef: { name: "files" } });
  const missing = await reconcile(object);
  assert.equal(missing.outcome.kind, "waiting");
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "files", namespace: "dev" }, data: { a: "1" } };
  assert.equal((await reconcile(object, [map])).outcome.kind, "settled");
});

test("forty at once lose nothing", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `many-${index}`);
  const results = await Promise.all(names.map((name) => reconcile(configCommit(name))));
  assert.ok(results.every(({ outcome }) => outcome.kind === "settled"));
  assert.equal(new Set(results.map(({ status }) => status.commit)).size, 40);
  const files = await git.readFiles(host.path("config"), (await tip()).id, "config/dev");
  for (const name of names) assert.ok(files.has(`${name}/delivery.yml`), name);
});

test("a broken Git host is said, and over when it is back", async () => {
  await rename(host.path("config"), `${host.path("config")}.away`);
  git.close();
  const { outcome } = await reconcile(configCommit("late"));
  await rename(`${host.path("config")}.away`, host.path("config"));
  assert.deepEqual([outcome.kind, outcome.reason, outcome.recheckAfter], ["broken", "GitOperationFailed", 5000]);
  assert.equal((await reconcile(configCommit("late"))).outcome.kind, "settled");
});

test("bad input is said", async () => {
  for (const [spec, reason] of [
    [{ repository: { url: "", branch: "main" } }, "InvalidRepository"],
    [{ path: "../up" }, "GitOperationFailed"],
    [{ files: { "../../x": "1" } }, "GitOperationFailed"],
    [{ repository: { url: "http://slipway/git/config.git", branch: "a..b" } }, "GitOperationFailed"],
  ] as const)
    assert.equal((await reconcile(configCommit("bad", spec))).outcome.reason, reason);
});

test("of the repository that all share a namespace has its own directory", async () => {
  const repository = { url: "http://slipway/git/shared.git", branch: "main" };
  for (const path of ["config/dev/own", "config/dev/", "/config/dev"])
    assert.equal((await reconcile(configCommit("own", { repository, path }))).outcome.kind, "settled", path);
  for (const path of ["config/other/web", "config/dev/../other/web", "config/developers", "config", "."]) {
    const { outcome } = await reconcile(configCommit("other", { repository, path }));
    assert.deepEqual([outcome.kind, "reason" in outcome && outcome.reason], ["broken", "PathNotPermitted"], path);
  }
});
