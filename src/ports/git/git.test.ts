import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { eventually } from "../../../test/harness/wait.ts";
import { GitError, gitEnvironment } from "./cli.ts";
import { createGitPort, type GitPort, type RefUpdate } from "./git.ts";
import { createGitHost, type GitHost, type Push } from "./host.ts";

const run = promisify(execFile);
const author = { name: "slipway", email: "slipway@localhost" };
const authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;

let directory: string;
let host: GitHost;
let port: GitPort;
let server: ReturnType<typeof createServer>;
let base: string;
const pushes: Push[] = [];
const commits: RefUpdate[] = [];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-git-"));
  host = await createGitHost({
    directory: join(directory, "repositories"),
    authorize: async (header, _name, action) => (header ? header === authorization : action === "read"),
  });
  host.onPush((push) => pushes.push(push));
  port = createGitPort({
    cacheDirectory: join(directory, "mirrors"),
    onCommit: (path, update) => {
      commits.push(update);
      host.announce(path, update);
    },
  });
  server = createServer((req, res) => {
    void host.handle(req, res).then((handled) => handled || res.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `127.0.0.1:${(server.address() as AddressInfo).port}/git`;
});

after(async () => {
  port.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

async function client(cwd: string, ...args: string[]): Promise<string> {
  const identity = {
    GIT_AUTHOR_NAME: "a",
    GIT_AUTHOR_EMAIL: "a@b",
    GIT_COMMITTER_NAME: "a",
    GIT_COMMITTER_EMAIL: "a@b",
  };
  const { stdout } = await run("git", args, { cwd, env: gitEnvironment({ env: identity }) });
  return stdout.trim();
}

async function clone(url: string, name: string): Promise<string> {
  const work = join(directory, name);
  await client(directory, "clone", "--quiet", url, work);
  return work;
}

async function commitAndPush(work: string, files: Record<string, string>, branch = "main"): Promise<string> {
  for (const [path, text] of Object.entries(files)) await writeFile(join(work, path), text);
  await client(work, "add", "--all");
  await client(work, "commit", "--quiet", "--message", "change");
  await client(work, "push", "--quiet", "origin", `HEAD:${branch}`);
  return await client(work, "rev-parse", "HEAD");
}

test("a repository can be cloned and pushed to, and the push is told", async () => {
  const path = await host.create("demo", { anonymousPush: true });
  assert.deepEqual(await host.list(), ["demo"]);
  const work = await clone(`http://${base}/demo.git`, "demo");
  const commit = await commitAndPush(work, { "a.txt": "one", "big.bin": "x".repeat(3_000_000) });
  assert.deepEqual(pushes.at(-1), {
    repository: "demo",
    path,
    updates: [{ ref: "refs/heads/main", before: undefined, after: commit }],
  });
  const again = await clone(`http://${base}/demo.git`, "demo-again");
  assert.equal(await client(again, "rev-parse", "HEAD"), commit);
});

test("who may not write is asked for a password, and wrong ones are refused", async () => {
  await host.create("closed");
  const work = await clone(`http://${base}/closed.git`, "closed");
  await assert.rejects(commitAndPush(work, { a: "1" }), /could not read Username/);
  await client(work, "remote", "set-url", "origin", `http://me:wrong@${base}/closed.git`);
  await assert.rejects(commitAndPush(work, { a: "2" }), /Authentication failed/);
  await client(work, "remote", "set-url", "origin", `http://me:secret@${base}/closed.git`);
  await commitAndPush(work, { a: "3" });
});

test("hostile requests are refused", async () => {
  for (const [path, status] of [
    ["/git/nothing.git/info/refs?service=git-upload-pack", 404],
    ["/git/..%2f..%2fetc.git/info/refs?service=git-upload-pack", 404],
    ["/git/demo.git/config", 404],
    ["/git/demo.git/info/refs", 404],
    ["/git/demo.git/info/refs?service=git-receive-pack&x=y", 404],
    ["/git/closed.git/info/refs?service=git-receive-pack", 401],
  ] as const) {
    const answer = await fetch(`http://${base.replace("/git", "")}${path}`);
    assert.equal(answer.status, status, path);
    await answer.body?.cancel();
  }
  for (const name of ["", "..", "a/b", ".hidden", "a.git", "-x", "x\n", "a..b"])
    await assert.rejects(host.create(name), /not a repository name/);
});

test("concurrent pushes to different branches all arrive", async () => {
  await host.create("busy", { anonymousPush: true });
  const branches = Array.from({ length: 6 }, (_, index) => `b${index}`);
  const pushed = await Promise.all(
    branches.map(async (branch) =>
      commitAndPush(await clone(`http://${base}/busy.git`, `busy-${branch}`), { branch }, branch),
    ),
  );
  for (const [index, branch] of branches.entries())
    assert.equal((await port.pin({ path: host.path("busy") }, { branch })).commit.id, pushed[index]);
});

test("pins by branch, tag, range, commit and free revision, locally and by URL", async () => {
  const path = host.path("demo");
  const work = join(directory, "demo");
  await client(work, "tag", "v1.0.0");
  await client(work, "tag", "-a", "-m", "x", "v1.2.0");
  await client(work, "push", "--quiet", "--tags", "origin");
  const id = await client(work, "rev-parse", "HEAD");
  for (const location of [{ path }, { url: `http://${base}/demo.git` }]) {
    for (const [selector, revision] of [
      [{ branch: "main" }, `main@sha1:${id}`],
      [{ tag: "v1.0.0" }, `v1.0.0@sha1:${id}`],
      [{ semver: "^1.0" }, `v1.2.0@sha1:${id}`],
      [{ commit: id }, `sha1:${id}`],
      [{ commit: id, branch: "main" }, `main@sha1:${id}`],
      [{ name: "refs/heads/main" }, `refs/heads/main@sha1:${id}`],
      [{ revision: "HEAD" }, `main@sha1:${id}`],
      [{ revision: "v1.0.0" }, `v1.0.0@sha1:${id}`],
      [{ revision: "1.x" }, `v1.2.0@sha1:${id}`],
    ] as const)
      assert.equal((await port.pin(location, selector)).revision, revision, JSON.stringify([location, selector]));
    for (const [selector, message] of [
      [{ branch: "nope" }, /^branch "nope" not found in /],
      [{ tag: "nope" }, /^tag "nope" not found in /],
      [{ semver: ">9" }, /^no tag in the range ">9" found in /],
      [{ semver: "what?" }, /not a semantic version range/],
      [{ revision: "nope" }, /^revision "nope" not found in /],
      [{ commit: "0".repeat(40) }, /^commit 0+ not found in /],
      [{ branch: "--upload-pack=x" }, /not a valid ref name/],
    ] as const)
      await assert.rejects(port.pin(location, selector), (error: GitError) => {
        assert.match(error.message, message);
        return error instanceof GitError;
      });
  }
});

test("bad places have readable errors", async () => {
  for (const [location, message] of [
    [{ path: join(directory, "gone.git") }, /repository .*gone.git not found$/],
    [{ url: `http://${base}/gone.git` }, /repository http.* not found$/],
    [{ url: "ext::sh -c id" }, /is not an http, https or ssh URL/],
    [{ url: "file:///etc" }, /is not an http, https or ssh URL/],
    [{ url: "http://127.0.0.1:1/x.git" }, /127\.0\.0\.1:1/],
  ] as const)
    await assert.rejects(port.pin(location, { branch: "main" }), message);
});

test("a tree is exported the same way every time", async () => {
  const { repository, commit } = await port.pin({ path: host.path("demo") }, { branch: "main" });
  const digest = async (): Promise<string> => {
    const hash = createHash("sha256");
    for await (const chunk of port.exportTree(repository, commit.id)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  };
  assert.equal(await digest(), await digest());
  const names: string[] = [];
  const tar = port.exportTree(repository, commit.id, { include: (path) => path !== "big.bin" }).pipe(extract());
  for await (const entry of tar) {
    names.push(`${entry.header.name} ${entry.header.mtime?.toISOString()}`);
    entry.resume();
  }
  assert.deepEqual(names, [`a.txt ${commit.time.toISOString()}`]);
});

function request(folder: string, files: Record<string, string>) {
  return {
    branch: "main",
    directory: folder,
    files: new Map(Object.entries(files)),
    message: `deliver ${folder}`,
    author,
    time: new Date("2026-01-01T00:00:00Z"),
  };
}

test("commits a directory's content, once", async () => {
  const location = { path: await host.create("config") };
  const first = await port.commitFiles(location, request("a/b", { "x.yaml": "1", "y.yaml": "2" }));
  assert.deepEqual([first.changed, first.previous], [true, undefined]);
  const other = await port.commitFiles(location, request("c", { "z.yaml": "3" }));
  const again = await port.commitFiles(location, request("a/b", { "x.yaml": "1", "y.yaml": "2" }));
  assert.deepEqual([again.changed, again.commit.id], [false, first.commit.id]);
  const next = await port.commitFiles(location, request("a/b", { "x.yaml": "9" }));
  assert.deepEqual([next.changed, next.previous], [true, other.commit.id]);
  const files = await port.readFiles(location.path, next.commit.id, "");
  assert.deepEqual([...files].map(([path, content]) => `${path}=${content}`).sort(), ["a/b/x.yaml=9", "c/z.yaml=3"]);
  assert.equal(pushes.at(-1)?.repository, "config");
  for (const path of ["../x", ".git/config", "a\nb"])
    await assert.rejects(port.commitFiles(location, request(path, { a: "1" })), /not allowed/);
});

test("forty writers to one repository lose nothing, with pushes in between", async () => {
  const location = { path: await host.create("shared", { anonymousPush: true }) };
  await port.commitFiles(location, request("start", { a: "1" }));
  const count = commits.length;
  const outside = clone(`http://${base}/shared.git`, "shared").then(async (work) => {
    await client(work, "fetch", "--quiet");
    return await commitAndPush(work, { outside: "1" }, "side");
  });
  const names = Array.from({ length: 40 }, (_, index) => `w${index}`);
  await Promise.all([outside, ...names.map((name) => port.commitFiles(location, request(name, { name })))]);
  const { commit, repository } = await port.pin(location, { branch: "main" });
  const files = await port.readFiles(repository, commit.id, "");
  assert.deepEqual([...files.keys()].sort(), ["start/a", ...names.map((name) => `${name}/name`)].sort());
  assert.equal(commits.length - count, 40);
});

test("commits to a remote repository, over and around other writers", async () => {
  await host.create("remote");
  const credentials = { basic: { username: "me", password: "secret" } };
  const location = { url: `http://${base}/remote.git`, credentials };
  const other = createGitPort({ cacheDirectory: join(directory, "mirrors-2") });
  try {
    const names = Array.from({ length: 6 }, (_, index) => `r${index}`);
    for (const name of names.slice(0, 2)) await port.commitFiles(location, request(name, { name }));
    const writers = names
      .slice(2)
      .map((name, index) => (index % 2 ? port : other).commitFiles(location, request(name, { name })));
    const results = await Promise.all(writers);
    assert.ok(results.every((result) => result.changed));
    const again = await port.commitFiles(location, request("r0", { name: "r0" }));
    assert.equal(again.changed, false);
    const { commit } = await port.pin({ path: host.path("remote") }, { branch: "main" });
    const files = await port.readFiles(host.path("remote"), commit.id, "");
    assert.deepEqual(
      [...files.keys()].sort(),
      names.map((name) => `${name}/name`),
    );
    await assert.rejects(port.commitFiles({ url: location.url }, request("x", { a: "1" })), { reason: "Unauthorized" });
  } finally {
    other.close();
  }
});

test("what an interruption left behind is gone after a restart", async () => {
  const path = await host.create("locked");
  await writeFile(join(path, "refs", "heads", "main.lock"), "");
  await mkdir(join(directory, "repositories", ".creating-x"));
  await assert.rejects(port.commitFiles({ path }, request("a", { a: "1" })), /main\.lock/);
  const again = await createGitHost({ directory: join(directory, "repositories"), authorize: async () => true });
  assert.ok((await port.commitFiles({ path }, request("a", { a: "1" }))).changed);
  assert.ok((await again.list()).includes("locked"));
  await assert.rejects(access(join(directory, "repositories", ".creating-x")));
});

test("a compressed request is understood", async () => {
  const { commit } = await port.pin({ path: host.path("demo") }, { branch: "main" });
  const line = `want ${commit.id} no-progress\n`;
  const body = gzipSync(`${(line.length + 4).toString(16).padStart(4, "0")}${line}00000009done\n`);
  const headers = { "content-type": "application/x-git-upload-pack-request", "content-encoding": "gzip" };
  const answer = await fetch(`http://${base}/demo.git/git-upload-pack`, { method: "POST", headers, body });
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.deepEqual([answer.status, bytes.subarray(0, 12).toString()], [200, "0008NAK\nPACK"]);
});

test("a push that is cut off leaves no process behind", async () => {
  const [hostname = "", portNumber] = base.replace("/git", "").split(":");
  const backends = async (): Promise<string[]> => {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")));
    return environments.filter((text) => text.includes(`GIT_PROJECT_ROOT=${join(directory, "repositories")}`));
  };
  const socket = connect(Number(portNumber), hostname);
  const head = ["POST /git/cut.git/git-receive-pack HTTP/1.1", `Host: ${base}`, `Authorization: ${authorization}`];
  const type = "Content-Type: application/x-git-receive-pack-request";
  socket.write(`${[...head, type, "Content-Length: 483"].join("\r\n")}\r\n\r\n0123`);
  await eventually("the backend to run", async () => (await backends()).length > 0);
  socket.destroy();
  await eventually("the backend to end", async () => (await backends()).length === 0);
});
