/** Git repositories elsewhere: over SSH with a real sshd, and over HTTPS with an authority of their own. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { issueCertificate } from "#engine/apiserver/auth/x509.ts";
import { GitError } from "#ports/git/cli.ts";
import { type GitCredentials, parseCredentials } from "#ports/git/credentials.ts";
import { createGitPort, type GitPort } from "#ports/git/git.ts";
import { createGitHost } from "#ports/git/host.ts";
import { must } from "../harness/program.ts";
import { type Sshd, startSshd } from "../harness/sshd.ts";

const author = { name: "slipway", email: "slipway@localhost" };
const refused = (reason: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GitError, String(error));
  assert.match(error.message, words);
  assert.equal(error.reason, reason);
  return true;
};
const commitOf = (text: string) => ({
  branch: "main",
  directory: "config/team/web",
  files: new Map([["delivery.yml", text]]),
  message: "Deliver",
  author,
  time: new Date("2026-01-01T00:00:00Z"),
});

/** Nothing of keys and certificates is left. */
async function nothingLeft(cache: string): Promise<void> {
  assert.deepEqual(await readdir(join(cache, "keys")), []);
}

describe("SSH", async () => {
  const started = await startSshd();
  const skip = typeof started === "string" ? started : false;
  const sshd = started as Sshd;
  let cache: string;
  let port: GitPort;
  let url: string;
  const secret = (privateKey: string, more: Record<string, string> = {}): GitCredentials =>
    parseCredentials({ "ssh-privatekey": privateKey, known_hosts: sshd.knownHosts, ...more }, "secret a/b");

  before(async () => {
    if (skip) return;
    // A folder whose name has to be quoted.
    cache = await mkdtemp(join(tmpdir(), "slipway 100% 'git' "));
    port = createGitPort({ cacheDirectory: cache });
    await must("git", ["init", "--bare", "--quiet", "--initial-branch=main", join(sshd.folder, "ops.git")]);
    url = `ssh://${sshd.user}@127.0.0.1:${sshd.port}${sshd.folder}/ops.git`;
  });
  after(async () => {
    if (skip) return;
    port.close();
    await sshd[Symbol.asyncDispose]();
    await rm(cache, { recursive: true, force: true });
  });

  test("commits are pushed and pinned", { skip }, async () => {
    const location = { url, credentials: secret(sshd.key) };
    const { commit, changed } = await port.commitFiles(location, commitOf("a: 1\n"));
    assert.equal(changed, true);
    const pinned = await port.pin(location, { branch: "main" });
    assert.equal(pinned.revision, `main@sha1:${commit.id}`);
    const files = await port.readFiles(pinned.repository, commit.id, "config/team/web");
    assert.equal(files.get("delivery.yml")?.toString(), "a: 1\n");
    await nothingLeft(cache);
  });

  test("a key under a passphrase is opened", { skip }, async () => {
    const credentials = secret(sshd.lockedKey, { password: sshd.passphrase });
    assert.ok(await port.pin({ url, credentials }, { branch: "main" }));
    const wrong = secret(sshd.lockedKey, { password: "wrong" });
    await assert.rejects(
      port.pin({ url, credentials: wrong }, { branch: "main" }),
      refused("Unauthorized", /Permission denied|passphrase/),
    );
    await nothingLeft(cache);
  });

  test("another key is refused, and no key of the user is tried", { skip }, async () => {
    const stranger = { url, credentials: secret(sshd.strangersKey) };
    await assert.rejects(
      port.pin(stranger, { branch: "main" }),
      refused("Unauthorized", /Permission denied \(publickey\)/),
    );
    await assert.rejects(
      port.pin({ url }, { branch: "main" }),
      refused("Unauthorized", /needs a key: name a Secret with "identity"/),
    );
    const broken = { url, credentials: secret("no key") };
    await assert.rejects(
      port.pin(broken, { branch: "main" }),
      refused("Unauthorized", /Load key of the Secret|Permission denied/),
    );
  });

  test("a host that is not known, or has another key, is refused", { skip }, async () => {
    const known = (knownHosts: string) => ({ url, credentials: { ssh: { privateKey: sshd.key, knownHosts } } });
    await assert.rejects(
      port.pin(known("github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"), {
        branch: "main",
      }),
      refused("Unauthorized", /: No \S+ host key is known for \[127\.0\.0\.1\]/),
    );
    const other = sshd.knownHosts.replace(
      /ssh-ed25519 \S+/,
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    );
    await assert.rejects(
      port.pin(known(other), { branch: "main" }),
      refused("Unauthorized", /: Host key for \[127\.0\.0\.1\]:\d+ has changed/),
    );
  });
});

describe("HTTPS", () => {
  const now = new Date();
  const issue = (
    commonName: string,
    usage: "authority" | "server" | "client",
    issuer?: { cert: string; key: string },
  ) => {
    const hosts = usage === "server" ? { hosts: ["127.0.0.1"] } : {};
    return issueCertificate({ subject: { commonName }, usage, ...hosts, now, days: 1, randomBytes }, issuer);
  };
  const authority = issue("git-ca", "authority");
  const client = issue("client", "client", authority);
  const basic = { username: "me", password: "secret" };
  let folder: string;
  let port: GitPort;
  let url: string;
  let close: () => Promise<void>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipway-https-git-"));
    const authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    const host = await createGitHost({
      directory: join(folder, "repositories"),
      authorize: async (header) => header === authorization,
    });
    await host.create("ops");
    const options = {
      ...issue("git", "server", authority),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const server = createServer(options, (request, response) => {
      void host.handle(request, response).then((handled) => handled || response.writeHead(404).end());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close = () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    };
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/git/ops.git`;
    port = createGitPort({ cacheDirectory: join(folder, "mirrors") });
  });
  after(async () => {
    port.close();
    await close();
    await rm(folder, { recursive: true, force: true });
  });

  const data = { caFile: authority.cert, "tls.crt": client.cert, "tls.key": client.key, ...basic };

  test("authority, client certificate and password come from the Secret", async () => {
    const location = { url, credentials: parseCredentials(data, "secret a/b") };
    const { commit } = await port.commitFiles(location, commitOf("b: 2\n"));
    assert.equal((await port.pin(location, { branch: "main" })).commit.id, commit.id);
    await nothingLeft(join(folder, "mirrors"));
  });

  for (const [what, without, words] of [
    ["authority", ["caFile"], /certificate|SSL/i],
    // The server may hang up before its alert has been read.
    ["client certificate", ["tls.crt", "tls.key"], /certificate|alert|SSL|TLS|unable to access/i],
    ["password", ["username", "password"], /could not read Username|Authentication failed/i],
  ] as const)
    test(`without its ${what} it is refused`, async () => {
      const left = Object.fromEntries(
        Object.entries(data).filter(([name]) => !(without as readonly string[]).includes(name)),
      );
      const location = { url, credentials: parseCredentials(left, "secret a/b") };
      await assert.rejects(
        port.pin(location, { branch: "main" }),
        (error) => error instanceof GitError && words.test(error.message),
      );
    });
});

for (const [what, data, words] of [
  ["nothing", {}, /^secret a\/b must hold "username" and "password", "bearerToken", "caFile", or "identity"/],
  ["a key alone", { identity: "k" }, /must hold "known_hosts" beside its key: ssh-keyscan HOST prints them/],
  ["half of a certificate", { "tls.crt": "c" }, /must hold both "tls\.crt" and "tls\.key"/],
  ["a user alone", { username: "me" }, /must hold "username" and "password"/],
] as const)
  test(`a Secret with ${what} is refused`, () => {
    assert.throws(() => parseCredentials(data, "secret a/b"), refused("Invalid", words));
  });
