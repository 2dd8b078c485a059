import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, beforeEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { GitRepository } from "#api/source.toolkit.fluxcd.io/git-repository.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { createGitPort, type GitPort } from "#ports/git/git.ts";
import { createGitHost, type GitHost } from "#ports/git/host.ts";
import { artifactPath, serveArtifacts } from "./artifacts.ts";
import { gitRepositoryController } from "./git-repository.ts";

let directory: string;
let host: GitHost;
let git: GitPort;
let blobs: BlobStore;
let puts: number;
let full: boolean;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-source-"));
  host = await createGitHost({ directory: join(directory, "git"), authorize: async () => true });
  git = createGitPort({
    cacheDirectory: join(directory, "mirrors"),
    onCommit: (path, update) => host.announce(path, update),
  });
  blobs = await BlobStore.open(join(directory, "blobs"));
  await host.create("app");
  await push("a.txt", "one");
});

beforeEach(() => {
  puts = 0;
  full = false;
});

after(async () => {
  git.close();
  await rm(directory, { recursive: true, force: true });
});

function push(name: string, text: string) {
  const files = new Map([[name, text]]);
  const author = { name: "a", email: "a@b" };
  const request = {
    branch: "main",
    directory: "",
    files,
    message: "change it\n",
    author,
    time: new Date(1_700_000_000_000),
  };
  return git.commitFiles({ path: host.path("app") }, request);
}

function repository(spec: Partial<GitRepository["spec"]> = {}, status?: object) {
  return {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: "app", namespace: "dev", generation: 1 },
    spec: { url: "http://slipway/git/app.git", interval: "1m", timeout: "60s", ref: { branch: "main" }, ...spec },
    ...(status && { status }),
  };
}

async function reconcile(object: object, world: readonly object[] = []) {
  const controller = gitRepositoryController({
    git,
    blobs: {
      has: (digest) => blobs.has(digest),
      put: (content) => {
        puts++;
        if (full) throw new Error("ENOSPC: no space left on device");
        return blobs.put(content);
      },
    },
    artifactUrl: (namespace, name, commit) => `http://slipway${artifactPath("gitrepository", namespace, name, commit)}`,
    embedded: (url) => {
      const name = /^http:\/\/slipway\/git\/(.*)\.git$/.exec(url)?.[1];
      return name === undefined ? undefined : host.path(name);
    },
    onPush: (listener) => host.onPush(listener),
  });
  return await runPass(controller, { world: [object, ...world], key: "dev/app" });
}

function ready({ status }: { status: { conditions?: readonly { type: string }[] } }): string {
  const found = status.conditions?.find(({ type }) => type === "Ready") as { [field: string]: string } | undefined;
  return `${found?.status} ${found?.reason} ${found?.message}`;
}

test("a commit becomes one artifact, always with the same digest", async () => {
  const first = await reconcile(repository());
  const artifact = first.status.artifact as NonNullable<NonNullable<GitRepository["status"]>["artifact"]>;
  assert.match(ready(first), /^True Succeeded stored artifact for revision 'main@sha1:[0-9a-f]{40}'$/);
  assert.match(artifact.path, /^gitrepository\/dev\/app\/[0-9a-f]{40}\.tar\.gz$/);
  assert.equal(artifact.metadata?.["slipway.dev/commit-subject"], "change it");
  const tar = gunzipSync((await blobs.read(artifact.digest)) as Buffer);
  assert.equal(tar.subarray(0, 5).toString(), "a.txt");
  assert.equal(first.outcome.recheckAfter, undefined);

  const kept = await reconcile(repository({}, first.status));
  assert.deepEqual([puts, kept.status.artifact], [1, artifact]);
  const anew = await reconcile(repository());
  assert.equal((anew.status.artifact as typeof artifact).digest, artifact.digest);
  const ignored = await reconcile(repository({ ignore: "*.txt" }, first.status));
  assert.notEqual((ignored.status.artifact as typeof artifact).digest, artifact.digest);
});

test("a failure says why and keeps the artifact", async () => {
  const { status } = await reconcile(repository());
  for (const [spec, expected] of [
    [{ ref: { branch: "nope" } }, 'False GitOperationFailed branch "nope" not found in http://slipway/git/app.git'],
    [
      { url: "http://slipway/git/gone.git" },
      "False GitOperationFailed repository http://slipway/git/gone.git not found",
    ],
    [{ verify: { secretRef: { name: "x" } } }, "False Unsupported spec.verify cannot be used here: remove it"],
    [
      { url: "https://localhost:1/x.git", secretRef: { name: "x" } },
      'False AuthenticationFailed secret "x" not found in namespace "dev"',
    ],
  ] as const) {
    const result = await reconcile(repository(spec as Partial<GitRepository["spec"]>, status));
    assert.equal(ready(result), expected);
    assert.deepEqual(result.status.artifact, status.artifact);
  }
});

test("a full disk is said and tried again", async () => {
  full = true;
  const result = await reconcile(repository());
  assert.match(ready(result), /^False StorageOperationFailed .*ENOSPC/);
  assert.equal(result.outcome.recheckAfter, 5000);
});

test("without a ref it is the default branch, and a suspended one is left alone", async () => {
  const { ref: _ref, ...spec } = repository().spec;
  const result = await reconcile({ ...repository(), spec });
  assert.match(ready(result), /^True/);
  const suspended = await reconcile(repository({ suspend: true, ref: { branch: "nope" } }, result.status));
  assert.deepEqual(suspended.status.conditions, result.status.conditions);
});

test("a push wakes the sources of its repository and no others", async () => {
  const woken: string[] = [];
  let listener: ((push: { path: string }) => void) | undefined;
  const controller = gitRepositoryController({
    git,
    blobs,
    artifactUrl: () => "http://x",
    embedded: (url) => url,
    onPush: (added) => {
      listener = added;
      return () => undefined;
    },
  });
  controller.wakes?.((key) => woken.push(key), { keys: () => [] });
  await runPass(controller, { world: [repository({ url: "http://a" })], key: "dev/app" });
  listener?.({ path: "http://b" });
  assert.deepEqual(woken, []);
  listener?.({ path: "http://a" });
  assert.deepEqual(woken, ["dev/app"]);
});

test("artifacts are served under the paths that sources give", async () => {
  const commit = "a".repeat(40);
  const handle = serveArtifacts({
    find: async (path) => (path.includes("/dev/app/") ? { digest: "sha256:x", size: 3 } : undefined),
    open: () => Readable.from([Buffer.from("tgz")]),
  });
  const server = createServer((req, res) => void handle(req, res).then((mine) => mine || res.writeHead(418).end()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    assert.equal(await (await fetch(`${base}${artifactPath("gitrepository", "dev", "app", commit)}`)).text(), "tgz");
    for (const [path, status] of [
      [artifactPath("gitrepository", "dev", "other", commit), 404],
      ["/artifacts/gitrepository/dev/app/..%2f..%2fx.tar.gz", 404],
      ["/artifacts/gitrepository/dev/app/main.tar.gz", 404],
      ["/else", 418],
    ] as const)
      assert.equal((await fetch(`${base}${path}`)).status, status, path);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
