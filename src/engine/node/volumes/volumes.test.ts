import assert from "node:assert/strict";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { HostPathVolumeSource, Pod, Volume, VolumeMount } from "#api/builtin/types.gen.ts";
import { AtomicDirectory } from "./atomic-directory.ts";
import { coversOf, type HostGuard, requireClaimable } from "./host-guard.ts";
import { prepareHostPath } from "./host-path.ts";
import { containerMounts } from "./mounts.ts";
import { giveToGroup, onlyUser } from "./ownership.ts";
import { type PayloadInput, payloadOf, referencesOf } from "./payload.ts";
import { VolumeError, type VolumeFile } from "./volume.ts";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-volumes-"));
});
after(() => rm(directory, { recursive: true }));

const clock = (): Date => new Date("2026-01-02T03:04:05Z");
const file = (path: string, text: string, mode = 0o644): VolumeFile => ({ path, content: Buffer.from(text), mode });

function guardOf(own: string): HostGuard {
  return { directory: own, volumes: join(own, "node/volumes"), cover: join(own, "cover") };
}

describe("AtomicDirectory", () => {
  const make = (name: string) => {
    const path = join(directory, name);
    return { path, atomic: new AtomicDirectory({ path, clock, prepare: async () => undefined }) };
  };

  it("shows files through ..data and replaces them all by renaming one link", async () => {
    const { path, atomic } = make("update");
    await atomic.publish([file("a", "1"), file("sub/b", "1", 0o600)]);
    const first = await readlink(join(path, "..data"));
    assert.match(first, /^\.\.2026_01_02_03_04_05\./);
    assert.equal(await readlink(join(path, "sub")), "..data/sub");
    assert.equal((await stat(join(path, "sub/b"))).mode & 0o777, 0o600);
    await atomic.publish([file("a", "2"), file("c", "2")]);
    assert.equal(await readFile(join(path, "a"), "utf8"), "2");
    assert.deepEqual(
      (await readdir(path)).toSorted(),
      ["..data", "a", "c", await readlink(join(path, "..data"))].toSorted(),
    );
    assert.notEqual(await readlink(join(path, "..data")), first);
  });

  it("leaves everything as it is when nothing has changed", async () => {
    const { path, atomic } = make("same");
    await atomic.publish([file("a", "1")]);
    const version = await readlink(join(path, "..data"));
    await atomic.publish([file("a", "1")]);
    assert.equal(await readlink(join(path, "..data")), version);
  });

  it("takes over what an earlier run of the program has left, without taking it away from those who use it", async () => {
    const { path, atomic } = make("inherited");
    await atomic.publish([file("a", "1"), file("b", "1")]);
    const { ino } = await stat(path);
    await mkdir(join(path, "..2020_01_01_00_00_00.half"));
    await make("inherited").atomic.publish([file("a", "2")]);
    assert.equal((await stat(path)).ino, ino);
    assert.equal(await readFile(join(path, "a"), "utf8"), "2");
    assert.deepEqual(
      (await readdir(path)).toSorted(),
      ["..data", "a", await readlink(join(path, "..data"))].toSorted(),
    );
  });

  it("takes the later of two files of one name", async () => {
    const { path, atomic } = make("clash");
    await atomic.publish([file("a", "1"), file("./a", "2")]);
    assert.equal(await readFile(join(path, "a"), "utf8"), "2");
  });

  for (const path of ["../a", "/a", "..data/a", "a/../../b", "."])
    it(`refuses ${path}`, () => assert.rejects(make("refused").atomic.publish([file(path, "")]), VolumeError));
});

describe("payloadOf", () => {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "ns", uid: "u", labels: { tier: "front" } },
    spec: { containers: [{ name: "c", resources: { limits: { memory: "64Mi" } } }] },
  };
  const meta = { apiVersion: "v1", metadata: { name: "x" } };
  const input: PayloadInput = {
    pod,
    nodeName: "n",
    user: undefined,
    sources: {
      configMap: async (_, name) =>
        name === "conf" ? { ...meta, kind: "ConfigMap", data: { a: "A" }, binaryData: { b: "Qg==" } } : undefined,
      secret: async (_, name) => (name === "cred" ? { ...meta, kind: "Secret", data: { p: "czNj" } } : undefined),
      token: async () => "jwt",
    },
  };
  const shown = async (volume: Volume, changes: Partial<PayloadInput> = {}): Promise<string[]> => {
    const files = (await payloadOf(volume, { ...input, ...changes })) ?? [];
    return files.map(({ path, content, mode }) => `${path} ${mode.toString(8)} ${Buffer.from(content)}`);
  };
  const grouped = { ...pod, spec: { ...pod.spec, securityContext: { fsGroup: 7 } } };

  const rows: [string, Volume, string[], Partial<PayloadInput>?][] = [
    ["all keys of a config map", { name: "v", configMap: { name: "conf" } }, ["a 644 A", "b 644 B"]],
    [
      "items with modes",
      {
        name: "v",
        configMap: {
          name: "conf",
          defaultMode: 0o440,
          items: [
            { key: "a", path: "x/y" },
            { key: "b", path: "z", mode: 0o600 },
          ],
        },
      },
      ["x/y 440 A", "z 600 B"],
    ],
    ["a secret", { name: "v", secret: { secretName: "cred" } }, ["p 644 s3c"]],
    ["nothing for an optional object", { name: "v", secret: { secretName: "no", optional: true } }, []],
    [
      "nothing for an optional key",
      { name: "v", configMap: { name: "conf", optional: true, items: [{ key: "no", path: "x" }] } },
      [],
    ],
    [
      "fields of the pod",
      {
        name: "v",
        downwardAPI: {
          items: [
            { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
            { path: "memory", resourceFieldRef: { containerName: "c", resource: "limits.memory", divisor: "1Mi" } },
          ],
        },
      },
      ['labels 644 tier="front"', "memory 644 64"],
    ],
    [
      "several sources, with a token",
      {
        name: "v",
        projected: {
          defaultMode: 0o444,
          sources: [
            { serviceAccountToken: { path: "token" } },
            { configMap: { name: "conf", items: [{ key: "a", path: "a" }] } },
          ],
        },
      },
      ["token 444 jwt", "a 444 A"],
    ],
    [
      "a token for one group only",
      { name: "v", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
      ["token 600 jwt"],
      { pod: grouped },
    ],
  ];
  for (const [title, volume, expected, changes] of rows)
    it(title, async () => assert.deepEqual(await shown(volume, changes), expected));

  const failing: [string, Volume, string][] = [
    ["a missing config map", { name: "v", configMap: { name: "no" } }, 'configmap "no" not found'],
    ["a missing secret", { name: "v", secret: { secretName: "no" } }, 'secret "no" not found'],
    [
      "a missing key",
      { name: "v", configMap: { name: "conf", items: [{ key: "no", path: "x" }] } },
      "configmap references non-existent config key: no",
    ],
  ];
  for (const [title, volume, message] of failing)
    it(`waits for ${title}`, () => assert.rejects(shown(volume), { name: "VolumeError", message }));

  it("knows which objects a volume shows", () =>
    assert.deepEqual(
      referencesOf({
        name: "v",
        projected: { sources: [{ configMap: { name: "a" } }, { secret: { name: "b" } }, { downwardAPI: {} }] },
      }),
      [
        { kind: "ConfigMap", name: "a" },
        { kind: "Secret", name: "b" },
      ],
    ));
});

describe("prepareHostPath", () => {
  it("makes what its type says, and refuses what is something else", async () => {
    const base = join(directory, "host");
    const at = (name: string): string => join(base, name);
    const prepare = (source: HostPathVolumeSource) => prepareHostPath(source, guardOf(join(directory, "own")));
    await prepare({ path: at("made") });
    await prepare({ path: at("directory"), type: "DirectoryOrCreate" });
    await prepare({ path: at("file"), type: "FileOrCreate" });
    await prepare({ path: at("file"), type: "File" });
    const server = createServer().listen(at("socket"));
    await new Promise((resolve) => server.on("listening", resolve));
    await prepare({ path: at("socket"), type: "Socket" });
    server.close();
    await prepare({ path: "/dev/null", type: "CharDevice" });
    const refused = [
      ["file", "Directory", "directory"],
      ["directory", "File", "file"],
      ["none", "Directory", "directory"],
      ["directory", "Socket", "socket file"],
      ["directory", "BlockDevice", "block device"],
    ] as const;
    for (const [name, type, what] of refused)
      await assert.rejects(prepare({ path: at(name), type }), {
        message: `hostPath type check failed: ${at(name)} is not a ${what}`,
      });
    await assert.rejects(prepare({ path: at("no/file"), type: "FileOrCreate" }), VolumeError);
  });
});

describe("the platform's own files", () => {
  const made = async () => {
    const root = await mkdtemp(join(directory, "guard-"));
    for (const name of ["own/keys", "own/node/volumes/claim", "other"])
      await mkdir(join(root, name), { recursive: true });
    await symlink(join(root, "own"), join(root, "link"));
    return { root, guard: guardOf(join(root, "own")) };
  };

  it("are not had by a host path, also not by a link, and nothing is made among them", async () => {
    const { root, guard } = await made();
    for (const name of ["own", "own/keys", "own/new", "other/../own/new", "link", "link/keys", "link/new/sub"])
      await assert.rejects(prepareHostPath({ path: join(root, name) }, guard), /belongs to the platform/);
    await assert.rejects(lstat(join(root, "own/new")));
    await prepareHostPath({ path: join(root, "other") }, guard);
    await prepareHostPath({ path: root }, guard);
  });

  it("are not had by a volume, but for those that are made for claims", async () => {
    const { root, guard } = await made();
    await requireClaimable(join(root, "own/node/volumes/claim"), guard);
    await requireClaimable(join(root, "other"), guard);
    for (const name of ["own", "own/keys", "own/node/volumes", "link/keys"])
      await assert.rejects(requireClaimable(join(root, name), guard), /belongs to the platform/);
  });

  it("are covered where what is around them is mounted", async () => {
    const { root, guard } = await made();
    const covers = (source: string) => coversOf({ source, target: "/host", readOnly: false }, guard);
    assert.deepEqual(await covers(root), [{ source: guard.cover, target: "/host/own", readOnly: true }]);
    const [cover] = await covers("/");
    assert.equal(cover?.target, join("/host", root, "own"));
    assert.deepEqual(await covers(join(root, "other")), []);
    const volumes = new Map([["v", { path: root, readOnly: false, isOfHost: true }]]);
    const container = { name: "c", volumeMounts: [{ name: "v", mountPath: "/m" }] };
    const targets = (await containerMounts(container, volumes, {}, guard)).map(({ target }) => target);
    assert.deepEqual(targets, ["/m", "/m/own"]);
  });
});

describe("containerMounts", () => {
  it("resolves paths inside volumes, with variables, and never outside", async () => {
    const path = join(directory, "volume");
    await mkdir(path);
    await writeFile(join(path, "one.conf"), "");
    await symlink("/etc", join(path, "escape"));
    const volumes = new Map([["v", { path, readOnly: false }]]);
    const mounts = (mount: Partial<VolumeMount>) =>
      containerMounts(
        { name: "c", volumeMounts: [{ name: "v", mountPath: "/m", ...mount }] },
        volumes,
        { POD: "p-1" },
        guardOf(path),
      );
    assert.deepEqual(await mounts({ readOnly: true }), [{ source: path, target: "/m", readOnly: true }]);
    assert.equal((await mounts({ subPath: "one.conf" }))[0]?.source, join(path, "one.conf"));
    assert.equal((await mounts({ subPathExpr: "logs/$(POD)" }))[0]?.source, join(path, "logs/p-1"));
    assert.ok((await lstat(join(path, "logs/p-1"))).isDirectory());
    for (const subPath of ["escape", "escape/new", "../volume", "/etc"])
      await assert.rejects(mounts({ subPath }), /is not a path inside its volume/);
    await assert.rejects(mounts({ subPathExpr: "$(NONE)" }), /missing value for "NONE"/);
    await assert.rejects(mounts({ name: "w" }), /cannot find volume "w" to mount into container "c"/);
    await assert.rejects(lstat("/etc/new"));
  });
});

describe("ownership", () => {
  it("finds the one user of a pod", () => {
    const user = (...users: (number | undefined)[]): number | undefined =>
      onlyUser({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "p" },
        spec: {
          securityContext: { runAsUser: 5 },
          containers: users.map((runAsUser, index) => ({
            name: `c${index}`,
            ...(runAsUser !== undefined && { securityContext: { runAsUser } }),
          })),
        },
      });
    assert.deepEqual([user(undefined, undefined), user(7, 7), user(7, undefined)], [5, 7, undefined]);
  });

  const skip = process.getuid?.() === 0 ? false : "files can be given to another group by root only";
  it("gives a tree to a group, and leaves one alone that is as it should be", { skip }, async () => {
    const path = join(directory, "owned");
    await mkdir(join(path, "sub"), { recursive: true, mode: 0o700 });
    await writeFile(join(path, "sub/file"), "", { mode: 0o600 });
    await symlink("/etc/hostname", join(path, "link"));
    await giveToGroup(path, { gid: 4321, readOnly: false, onlyOnMismatch: true });
    const [root, inner, link] = await Promise.all([stat(path), stat(join(path, "sub/file")), stat("/etc/hostname")]);
    assert.deepEqual([root.gid, root.mode & 0o7777, inner.gid, inner.mode & 0o7777], [4321, 0o2770, 4321, 0o660]);
    assert.notEqual(link.gid, 4321);
    await writeFile(join(path, "later"), "");
    await giveToGroup(path, { gid: 4321, readOnly: false, onlyOnMismatch: true });
    assert.equal((await stat(join(path, "later"))).mode & 0o777, 0o644);
    await giveToGroup(path, { gid: 4321, readOnly: true, onlyOnMismatch: false });
    assert.equal((await stat(join(path, "later"))).mode & 0o777, 0o644);
  });
});
