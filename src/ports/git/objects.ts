/** Reads objects of one repository through a single long-lived `git cat-file --batch`: no process per read. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { GitError, spawnGit } from "./cli.ts";

export type GitObject = { id: string; type: "commit" | "tree" | "blob" | "tag"; content: Buffer };

type Request = { resolve: (object: GitObject | undefined) => void; reject: (error: unknown) => void };

const IDLE_MS = 30_000;
const NEWLINE = 10;

/** Answers come in the order of the questions. The process starts with the first read and ends when nobody reads for a while. */
export class ObjectReader {
  private readonly repository: string;
  private child: ChildProcessWithoutNullStreams | undefined;
  private readonly waiting: Request[] = [];
  private chunks: Buffer[] = [];
  private buffered = 0;
  private header: { id: string; type: string; size: number } | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(repository: string) {
    this.repository = repository;
  }

  /** The object that a revision expression names (`refs/heads/main^{commit}`, an id), or undefined when there is none. */
  read(expression: string): Promise<GitObject | undefined> {
    if (expression.includes("\n")) return Promise.reject(new GitError("Invalid", "a revision holds a line break"));
    return new Promise((resolve, reject) => {
      const child = this.start();
      this.waiting.push({ resolve, reject });
      child.stdin.write(`${expression}\n`);
    });
  }

  close(): void {
    this.stop(new GitError("Failed", "the repository was closed"));
  }

  private start(): ChildProcessWithoutNullStreams {
    clearTimeout(this.idle);
    if (this.child) return this.child;
    const child = spawnGit(["cat-file", "--batch"], { repository: this.repository });
    let words = "";
    child.stdin.on("error", () => undefined);
    child.stderr.on("data", (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-2000);
    });
    child.stdout.on("data", (chunk: Buffer) => this.take(chunk));
    const ended = (): void => {
      if (this.child !== child) return;
      const reason = /not a git repository/i.test(words) ? "NotFound" : "Failed";
      this.stop(new GitError(reason, words.split("\n")[0]?.replace(/^fatal: /, "") || "git cat-file ended"));
    };
    child.on("error", ended);
    child.on("close", ended);
    this.child = child;
    return child;
  }

  private stop(error: GitError): void {
    const child = this.child;
    this.child = undefined;
    clearTimeout(this.idle);
    [this.chunks, this.buffered, this.header] = [[], 0, undefined];
    for (const { reject } of this.waiting.splice(0)) reject(error);
    child?.kill();
  }

  private take(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    while (this.advance());
    if (this.waiting.length > 0) return;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.close(), IDLE_MS);
    this.idle.unref();
  }

  /** Takes one header or one body off the buffer; false when more bytes have to come first. */
  private advance(): boolean {
    if (!this.header) {
      const line = this.takeLine();
      if (line === undefined) return false;
      const [, id, type, size] = /^([0-9a-f]{40,64}) (commit|tree|blob|tag) (\d+)$/.exec(line) ?? [];
      if (id && type) this.header = { id, type, size: Number(size) };
      else this.waiting.shift()?.resolve(undefined);
      return true;
    }
    const { id, type, size } = this.header;
    if (this.buffered < size + 1) return false;
    const content = this.takeBytes(size + 1).subarray(0, size);
    this.header = undefined;
    this.waiting.shift()?.resolve({ id, type: type as GitObject["type"], content });
    return true;
  }

  private takeLine(): string | undefined {
    let before = 0;
    for (const chunk of this.chunks) {
      const at = chunk.indexOf(NEWLINE);
      if (at >= 0)
        return this.takeBytes(before + at + 1)
          .subarray(0, -1)
          .toString();
      before += chunk.length;
    }
    return undefined;
  }

  private takeBytes(count: number): Buffer {
    const all = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
    const rest = all.subarray(count);
    this.chunks = rest.length > 0 ? [rest] : [];
    this.buffered = rest.length;
    return all.subarray(0, count);
  }
}
