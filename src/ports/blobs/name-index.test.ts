import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { NameIndex } from "./name-index.ts";

const root = await mkdtemp(join(tmpdir(), "names-"));
after(() => rm(root, { recursive: true }));
const put = (name: string, value: unknown) => [{ bucket: "b", name, value }];

test("what was applied is there after reopening; removed names are not", async () => {
  const file = join(root, "basic.log");
  const index = await NameIndex.open(file);
  await index.apply(put("one", { n: 1 }));
  await index.apply([...put("two", 2), { bucket: "c", name: "x", value: "y" }]);
  await index.apply(put("one", undefined));
  const reopened = await NameIndex.open(file);
  for (const view of [index, reopened]) {
    assert.deepEqual([...view.bucket("b")], [["two", 2]]);
    assert.equal(view.get("c", "x"), "y");
    assert.deepEqual(view.bucketNames().sort(), ["b", "c"]);
  }
  await index.close();
  await reopened.close();
});

test("a torn last line is dropped and does not swallow what is written next", async () => {
  const file = join(root, "torn.log");
  const index = await NameIndex.open(file);
  await index.apply(put("kept", 1));
  await index.close();
  await appendFile(file, '[["b","torn"');
  const second = await NameIndex.open(file);
  await second.apply(put("next", 2));
  await second.close();
  const third = await NameIndex.open(file);
  assert.deepEqual(Object.fromEntries(third.bucket("b")), { kept: 1, next: 2 });
  await third.close();
});

test("damage in the middle is reported with its line", async () => {
  const file = join(root, "damaged.log");
  await writeFile(file, '[["b","a",1]]\n[["b\n[["b","c",3]]\n');
  await assert.rejects(NameIndex.open(file), /damaged\.log:2 is damaged/);
});

test("concurrent changes all become durable, and a group is one line", async () => {
  const file = join(root, "group.log");
  const index = await NameIndex.open(file);
  await Promise.all(Array.from({ length: 50 }, (_, i) => index.apply([...put(`n${i}`, i), ...put("last", i)])));
  await index.close();
  assert.equal((await readFile(file, "utf8")).split("\n").length - 1, 50);
  const reopened = await NameIndex.open(file);
  assert.equal(reopened.bucket("b").size, 51);
  await reopened.close();
});

test("the log is rewritten when most of it is history", async () => {
  const file = join(root, "compact.log");
  const index = await NameIndex.open(file);
  for (let round = 0; round < 5; round++)
    await Promise.all(Array.from({ length: 1000 }, (_, i) => index.apply(put("same", round * 1000 + i))));
  await index.apply(put("other", true));
  assert.ok((await stat(file)).size < 1000 * 30, "history is gone");
  await index.close();
  const reopened = await NameIndex.open(file);
  assert.deepEqual(Object.fromEntries(reopened.bucket("b")), { same: 4999, other: true });
  await reopened.close();
});
