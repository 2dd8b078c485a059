import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type LogOptions, parseLogOptions, readLog } from "./logs.ts";

describe("readLog", () => {
  let directory = "";
  let path = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-logs-"));
    path = join(directory, "0.log");
    const lines = ["01Z stdout F one", "02Z stderr P tw", "03Z stderr F o", "04Z stdout F three"];
    await writeFile(path, lines.map((line) => `2026-01-01T00:00:${line}\n`).join(""));
  });
  after(() => rm(directory, { recursive: true }));

  const read = async (options: LogOptions): Promise<string> => {
    let text = "";
    for await (const chunk of readLog(path, options, Promise.resolve(), new AbortController().signal))
      text += Buffer.from(chunk).toString();
    return text;
  };
  const cases: { title: string; options: LogOptions; text: string }[] = [
    { title: "everything, pieces joined", options: {}, text: "one\ntwo\nthree\n" },
    { title: "the tail", options: { tailLines: 2 }, text: "two\nthree\n" },
    { title: "no tail", options: { tailLines: 0 }, text: "" },
    { title: "since", options: { sinceTime: "2026-01-01T00:00:04Z" }, text: "three\n" },
    { title: "cut", options: { limitBytes: 5 }, text: "one\nt" },
    { title: "with times", options: { tailLines: 1, timestamps: true }, text: "2026-01-01T00:00:04Z three\n" },
  ];
  for (const { title, options, text } of cases) it(title, async () => assert.equal(await read(options), text));

  it("follows until the container ends, to the last line", async () => {
    const end = Promise.withResolvers<void>();
    const file = join(directory, "1.log");
    await writeFile(file, "2026-01-01T00:00:01Z stdout F first\n");
    let text = "";
    for await (const chunk of readLog(file, { follow: true }, end.promise, new AbortController().signal)) {
      text += Buffer.from(chunk).toString();
      if (text === "first\n") await appendFile(file, "2026-01-01T00:00:02Z stdout F second\n");
      if (text === "first\nsecond\n") {
        await appendFile(file, "2026-01-01T00:00:03Z stdout F last\n");
        end.resolve();
      }
    }
    assert.equal(text, "first\nsecond\nlast\n");
  });

  it("stops following when nobody listens", async () => {
    const stop = new AbortController();
    let text = "";
    for await (const chunk of readLog(
      path,
      { follow: true, tailLines: 1 },
      new Promise(() => undefined),
      stop.signal,
    )) {
      text += Buffer.from(chunk).toString();
      stop.abort();
    }
    assert.equal(text, "three\n");
  });
});

describe("parseLogOptions", () => {
  it("understands the query of the log subresource", () => {
    const now = Date.parse("2026-01-01T00:01:00Z");
    const options = parseLogOptions({ follow: "true", tailLines: "5", sinceSeconds: "60" }, now);
    assert.deepEqual([options.follow, options.tailLines, options.sinceTime], [true, 5, "2026-01-01T00:00:00.000Z"]);
  });
});
