// What a store does about backups, damage and a full disk.
import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { copyFile, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { restoreStore } from "./restore.ts";
import { sqliteStore } from "./sqlite.ts";
import { type Store, StoreError, type StoreProblem } from "./store.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-damage-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const problem =
  (expected: StoreProblem, message = /./) =>
  (error: unknown): boolean => {
    ok(error instanceof StoreError);
    equal(error.problem, expected, error.message);
    match(error.message, message);
    return true;
  };

const contentOf = (store: Store): string[] =>
  [...store.load().rows].map(
    ({ key, revision, value }) => `${key}@${revision}=${Buffer.from(value).toString().slice(0, 8)}`,
  );

async function fill(file: string, count: number, size = 600): Promise<void> {
  const store = sqliteStore(file);
  for (let from = 1; from <= count; from += 50)
    await store.append(
      Array.from({ length: Math.min(50, count - from + 1) }, (_, at) => ({
        key: `k${String(from + at).padStart(5, "0")}`,
        revision: from + at,
        value: Buffer.from(`v${from + at}`.padEnd(size, ".")),
      })),
    );
  await store.close();
}

test("a backup is taken while writes go on, and restored in place of later changes", async () => {
  const [file, copy] = [join(folder, "live.db"), join(folder, "copy.db")];
  await fill(file, 200);
  const store = sqliteStore(file);
  const writing = Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      store.append([{ key: `later${at}`, revision: 201 + at, value: Buffer.from("x") }]),
    ),
  );
  await store.backup(copy);
  await writing;
  await store.append([{ key: "k00001", revision: 300, value: undefined }]);
  throws(() => restoreStore(copy, file), problem("busy", /another slipway is using it/));
  await store.close();
  const { objects, revision } = restoreStore(copy, file);
  ok(objects >= 200 && revision > 300);
  equal(existsSync(`${file}.restored`), false);
  const again = sqliteStore(file);
  ok(contentOf(again).includes("k00001@1=v1......"));
  equal(again.load().revision, revision);
  await again.close();
});

test("restores nothing from what is no backup", async () => {
  const file = join(folder, "kept.db");
  await fill(file, 3);
  const bad = join(folder, "bad");
  await writeFile(bad, "not a database at all, but long enough to look at".repeat(100));
  throws(() => restoreStore(bad, file), problem("damaged"));
  throws(() => restoreStore(join(folder, "missing"), file), problem("other", /no such file/));
  const store = sqliteStore(file);
  equal(contentOf(store).length, 3);
  await store.close();
});

const DAMAGES: [title: string, damage: (file: string) => Promise<void>][] = [
  ["garbage instead of a database", (file) => writeFile(file, Buffer.alloc(64 << 10, "garbage"))],
  [
    "a page of garbage in the middle",
    async (file) => {
      const handle = await open(file, "r+");
      for (const page of [4, 9, 14, 19]) await handle.write(Buffer.alloc(4096, 0xab), 0, 4096, page * 4096);
      await handle.close();
    },
  ],
  ["a torn file", async (file) => truncate(file, Math.floor((await readFile(file)).length / 2))],
];

for (const [title, damage] of DAMAGES)
  test(`says clearly that there is ${title}`, async () => {
    const file = join(folder, `${title.replaceAll(" ", "-")}.db`);
    await fill(file, 400);
    await damage(file);
    throws(
      () => {
        const store = sqliteStore(file);
        try {
          contentOf(store);
        } finally {
          void store.close();
        }
      },
      problem("damaged", /restore a backup/i),
    );
  });

test("a cut write-ahead log loses only what was not acknowledged", async () => {
  const file = join(folder, "log.db");
  const script = `
    import { sqliteStore } from ${JSON.stringify(new URL("./sqlite.ts", import.meta.url).href)};
    const store = sqliteStore(process.argv[1]);
    for (let at = 1; at <= 40; at++) await store.append([{ key: "k" + at, revision: at, value: Buffer.alloc(900, 65) }]);
    process.kill(process.pid, "SIGKILL");
  `;
  spawnSync(process.execPath, ["--input-type=module", "-e", script, file]);
  const log = await readFile(`${file}-wal`);
  ok(log.length > 40 * 900);
  for (const cut of [0, 1, 31, 32, 100, 4_000, 4_120, 4_128, 20_000, 60_000, log.length - 1, log.length]) {
    const copy = join(folder, `cut-${cut}.db`);
    await copyFile(file, copy);
    await writeFile(`${copy}-wal`, log.subarray(0, cut));
    const store = sqliteStore(copy);
    const keys = contentOf(store).map((row) => Number(row.slice(1, row.indexOf("@"))));
    deepEqual(
      keys.sort((left, right) => left - right),
      Array.from({ length: keys.length }, (_, at) => at + 1),
    );
    if (cut === log.length) equal(keys.length, 40);
    await store.close();
  }
});

const disk = (): { path: string; resize(size: string): void; remove(): void } | string => {
  const path = join(folder, "disk");
  mkdirSync(path);
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", path]);
  if (mount.status !== 0) return "a small disk cannot be mounted without privileges";
  return {
    path,
    resize: (size) => void spawnSync("mount", ["-o", `remount,size=${size}`, path]),
    remove: () => void spawnSync("umount", ["-l", path]),
  };
};

test("a full disk refuses writes, keeps what is there, and takes writes again when there is room", async (context) => {
  const small = disk();
  if (typeof small === "string") return context.skip(small);
  try {
    const file = join(small.path, "store.db");
    const store = sqliteStore(file);
    const write = (revision: number) =>
      store.append([{ key: `k${revision}`, revision, value: Buffer.alloc(8_000, 66) }]);
    let revision = 1;
    await rejects(
      async () => {
        for (;;) {
          await write(revision);
          revision++;
        }
      },
      problem("full", /the disk is full/),
    );
    ok(revision > 10);
    await rejects(write(revision + 1), problem("full"));
    small.resize("4m");
    await write(revision + 2);
    await store.close();
    const again = sqliteStore(file);
    equal(contentOf(again).length, revision);
    await again.close();
  } finally {
    small.remove();
  }
});
