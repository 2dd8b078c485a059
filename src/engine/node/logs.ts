/** Reads container logs in the CRI format, as `kubectl logs` wants them. */
import { watch } from "node:fs";
import { open } from "node:fs/promises";

export type LogOptions = {
  follow?: boolean | undefined;
  tailLines?: number | undefined;
  /** RFC 3339: only lines from then on. */
  sinceTime?: string | undefined;
  timestamps?: boolean | undefined;
  previous?: boolean | undefined;
  limitBytes?: number | undefined;
};

/** Options from the query of the `log` subresource; `now` in milliseconds. */
export function parseLogOptions(query: Readonly<Record<string, string | undefined>>, now: number): LogOptions {
  const number = (text: string | undefined): number | undefined => (text ? Number(text) : undefined);
  const sinceSeconds = number(query.sinceSeconds);
  const since = sinceSeconds === undefined ? query.sinceTime : new Date(now - sinceSeconds * 1000).toISOString();
  return {
    follow: query.follow === "true",
    tailLines: number(query.tailLines),
    sinceTime: since,
    timestamps: query.timestamps === "true",
    previous: query.previous === "true",
    limitBytes: number(query.limitBytes),
  };
}

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

/** The text of a log file. With `follow` it goes on until `ended` settles and everything is read, or `signal` aborts. */
export async function* readLog(
  path: string,
  options: LogOptions,
  ended: Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for await (const lines of batches(path, options, ended, signal)) {
    const text = Buffer.concat(lines.map((line) => rendered(line, options)));
    if (text.length > 0) yield text.subarray(0, left);
    left -= text.length;
    if (left <= 0) return;
  }
}

type Line = { time: string; partial: boolean; content: Buffer };

/** Lines as they come, the tail first when only a tail is wanted. */
async function* batches(
  path: string,
  options: LogOptions,
  ended: Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Line[]> {
  await using file = await open(path);
  const changes = options.follow ? new Changes(path, ended, signal) : undefined;
  try {
    const since = options.sinceTime ? Date.parse(options.sinceTime) : Number.NEGATIVE_INFINITY;
    const parser = new LineParser();
    let tail: Line[] | undefined = options.tailLines === undefined ? undefined : [];
    for (;;) {
      // Read after this look: what was written before the end is then certainly seen.
      const last = changes === undefined || changes.over;
      for (let chunk = await read(file); chunk.length > 0; chunk = await read(file)) {
        const lines = parser.push(chunk).filter(({ time }) => Date.parse(time) >= since);
        if (tail) tail = lastLines([...tail, ...lines], options.tailLines ?? 0);
        else if (lines.length > 0) yield lines;
      }
      if (tail) yield tail;
      tail = undefined;
      if (last || signal.aborted) return;
      await changes.next();
    }
  } finally {
    changes?.close();
  }
}

async function read(file: Awaited<ReturnType<typeof open>>): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK);
  return buffer.subarray(0, bytesRead);
}

/** The last `count` full lines; the pieces of a long line count once. */
function lastLines(lines: Line[], count: number): Line[] {
  let at = lines.length;
  for (let left = count; at > 0; at--) {
    if (!lines[at - 1]?.partial || at === lines.length) left--;
    if (left < 0) break;
  }
  return lines.slice(at);
}

class LineParser {
  private rest = Buffer.alloc(0);

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let text = Buffer.concat([this.rest, chunk]);
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE)) {
      const line = parse(text.subarray(0, end));
      if (line) lines.push(line);
      text = text.subarray(end + 1);
    }
    this.rest = Buffer.from(text);
    return lines;
  }
}

/** `<time> <stream> <P|F> <content>`; undefined for anything else. */
function parse(line: Buffer): Line | undefined {
  const first = line.indexOf(" ");
  const second = line.indexOf(" ", first + 1);
  const third = line.indexOf(" ", second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const tag = line.toString("latin1", second + 1, third);
  return { time: line.toString("latin1", 0, first), partial: tag.startsWith("P"), content: line.subarray(third + 1) };
}

function rendered({ time, partial, content }: Line, { timestamps }: LogOptions): Buffer {
  const head = timestamps ? Buffer.from(`${time} `) : Buffer.alloc(0);
  return Buffer.concat([head, content, ...(partial ? [] : [Buffer.from("\n")])]);
}

/** Wakes a reader when its file grows, its container ends, or nobody listens any more. */
class Changes {
  over = false;
  private readonly watcher: ReturnType<typeof watch>;
  private wake: () => void = () => undefined;
  private pending = false;

  constructor(path: string, ended: Promise<unknown>, signal: AbortSignal) {
    const notify = (): void => {
      this.pending = true;
      this.wake();
    };
    this.watcher = watch(path, notify).on("error", notify);
    signal.addEventListener("abort", notify, { once: true });
    const end = (): void => {
      this.over = true;
      notify();
    };
    void ended.then(end, end);
  }

  async next(): Promise<void> {
    if (!this.pending)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    this.pending = false;
  }

  close(): void {
    this.watcher.close();
  }
}
