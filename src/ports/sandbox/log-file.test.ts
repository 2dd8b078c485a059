import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { LogFile } from "./log-file.ts";

const now = (): string => "T";

async function logged(chunks: readonly string[], rotateAt?: number): Promise<{ text: string; old: string }> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-log-"));
  const path = join(directory, "0.log");
  const log = new LogFile(path, { now, ...(rotateAt !== undefined && { rotateAt }) });
  for (const chunk of chunks) log.write(Buffer.from(chunk), "stdout");
  await log.close();
  const text = await readFile(path, "utf8");
  const old = await readFile(`${path}.1`, "utf8").catch(() => "");
  await rm(directory, { recursive: true });
  return { text, old };
}

describe("LogFile", () => {
  const long = "x".repeat(16 * 1024);
  const cases: { title: string; chunks: string[]; text: string }[] = [
    { title: "one line per newline", chunks: ["a\nb\n"], text: "T stdout F a\nT stdout F b\n" },
    { title: "lines that come in pieces", chunks: ["a", "b\nc", "\n"], text: "T stdout F ab\nT stdout F c\n" },
    {
      title: "a carriage return before the newline is dropped",
      chunks: ["a\r\n\n"],
      text: "T stdout F a\nT stdout F \n",
    },
    {
      title: "what has no newline at the end is partial",
      chunks: ["a\nrest"],
      text: "T stdout F a\nT stdout P rest\n",
    },
    { title: "long lines are cut", chunks: [`${long}yz\n`], text: `T stdout P ${long}\nT stdout F yz\n` },
    { title: "long lines without an end are cut", chunks: [long, "z"], text: `T stdout P ${long}\nT stdout P z\n` },
  ];
  for (const { title, chunks, text } of cases) it(title, async () => assert.equal((await logged(chunks)).text, text));

  it("begins a new file when the old one is full", async () => {
    const { text, old } = await logged(["one\n", "two\n", "three\n"], 30);
    assert.deepEqual([old, text], ["T stdout F one\nT stdout F two\n", "T stdout F three\n"]);
  });
});
