import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { memoryStore } from "./memory.ts";
import { sqliteStore } from "./sqlite.ts";
import { type Store, StoreError } from "./store.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-store-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const bytes = (text: string): Buffer => Buffer.from(text);
const read = (store: Store) => {
  const { revision, rows } = store.load();
  return { revision, rows: [...rows].map((row) => `${row.key}@${row.revision}=${Buffer.from(row.value).toString()}`) };
};

const IMPLEMENTATIONS: [name: string, open: (name: string) => Store][] = [
  ["memory", () => memoryStore()],
  ["sqlite", (name) => sqliteStore(join(folder, `${name}.db`))],
];

for (const [name, open] of IMPLEMENTATIONS)
  describe(name, () => {
    test("keeps the newest value of every key and counts removals in the revision", async () => {
      const store = open("basic");
      equal(read(store).revision, 0);
      await store.append([
        { key: "a", revision: 1, value: bytes("one") },
        { key: "b", revision: 2, value: bytes("two") },
      ]);
      await store.append([{ key: "a", revision: 3, value: bytes("three") }]);
      await store.append([{ key: "b", revision: 4, value: undefined }]);
      deepEqual(read(store), { revision: 4, rows: ["a@3=three"] });
      await store.compact();
      deepEqual(read(store), { revision: 4, rows: ["a@3=three"] });
      await store.close();
    });

    test("resolves in order", async () => {
      const store = open("order");
      const order: number[] = [];
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          store.append([{ key: `k${index}`, revision: index + 1, value: bytes("x") }]).then(() => order.push(index)),
        ),
      );
      deepEqual(
        order,
        Array.from({ length: 50 }, (_, index) => index),
      );
      await store.close();
    });
  });

test("sqlite: close writes what is outstanding", async () => {
  const file = join(folder, "close.db");
  const store = sqliteStore(file);
  const written = store.append([{ key: "a", revision: 7, value: bytes("x") }]);
  await store.close();
  await written;
  const again = sqliteStore(file);
  deepEqual(read(again), { revision: 7, rows: ["a@7=x"] });
  await again.close();
  await rejects(again.append([{ key: "a", revision: 8, value: bytes("y") }]), StoreError);
});

test("sqlite: refuses a file that is in use or is no database", async () => {
  const store = sqliteStore(join(folder, "busy.db"));
  throws(() => sqliteStore(join(folder, "busy.db")), StoreError);
  await store.close();
  throws(() => sqliteStore(folder), StoreError);
});

test("sqlite: a batch that cannot be written leaves nothing behind", async () => {
  const store = sqliteStore(join(folder, "atomic.db"));
  const broken = { key: "b", revision: 2, value: "not bytes" as unknown as Uint8Array, extra: Symbol("x") };
  Object.defineProperty(broken, "value", { value: Symbol("unbindable") });
  await rejects(store.append([{ key: "a", revision: 1, value: bytes("x") }, broken]), StoreError);
  deepEqual(read(store).rows, []);
  await store.append([{ key: "c", revision: 3, value: bytes("y") }]);
  deepEqual(read(store), { revision: 3, rows: ["c@3=y"] });
  await store.close();
});

/** Writes for ever, and says on standard output what is acknowledged, as `key revision` lines. */
const WRITER = `
  import { sqliteStore } from ${JSON.stringify(new URL("./sqlite.ts", import.meta.url).href)};
  import { writeSync } from "node:fs";
  const store = sqliteStore(process.argv[1]);
  let revision = store.load().revision;
  const write = async (slot) => {
    for (;;) {
      const mine = ++revision;
      const key = slot + "/" + (mine % 50);
      await store.append([{ key, revision: mine, value: Buffer.from(String(mine).padEnd(400, ".")) }]);
      writeSync(1, key + " " + mine + "\\n");
    }
  };
  for (let slot = 0; slot < 8; slot++) void write(slot);
`;

test("sqlite: kill -9 loses no acknowledged write and never reuses a revision", async () => {
  const file = join(folder, "crash.db");
  const acknowledged = new Map<string, number>();
  let highest = 0;
  for (let round = 0; round < 3; round++) {
    const arguments_ = ["--input-type=module", "-e", WRITER, file];
    const child = spawn(process.execPath, arguments_, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.length > 4000 * (round + 1)) child.kill("SIGKILL");
    });
    await once(child, "close");
    const lines = output.split("\n").slice(0, -1);
    ok(lines.length > 100);
    for (const line of lines) {
      const [key = "", text] = line.split(" ");
      ok(Number(text) > highest, `revision ${text} was used twice`);
      acknowledged.set(key, Math.max(acknowledged.get(key) ?? 0, Number(text)));
    }
    const store = sqliteStore(file);
    const { revision, rows } = store.load();
    const stored = new Map([...rows].map((row) => [row.key, row]));
    for (const [key, written] of acknowledged) {
      const row = stored.get(key);
      ok(row && row.revision >= written, `${key} was acknowledged at ${written} but is at ${row?.revision}`);
      equal(Buffer.from(row.value).toString().replace(/\.+$/, ""), String(row.revision));
    }
    ok(revision >= Math.max(...acknowledged.values()));
    await store.close();
    highest = revision;
  }
});
