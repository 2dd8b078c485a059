/** Runs `git http-backend` for one HTTP request, streaming both ways. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { spawnGit } from "./cli.ts";

export type CgiRequest = {
  /** Directory of the repositories. */
  root: string;
  /** `/<repository>.git/<rest>`. */
  path: string;
  query: string;
  remoteAddress: string;
  /** False kills the backend when the client goes away; a push is left to notice by itself. */
  writes: boolean;
};

const LONGEST_HEADER = 16 * 1024;

/** Answers the request; resolves when the backend has ended. */
export async function runBackend(req: IncomingMessage, res: ServerResponse, request: CgiRequest): Promise<void> {
  const child = spawnGit(["http-backend"], { env: environment(req, request) });
  child.stdin.on("error", () => undefined);
  child.stderr.resume();
  req.pipe(child.stdin);
  req.on("aborted", () => child.stdin.destroy());
  if (!request.writes) res.on("close", () => child.kill());
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  });
  await respond(child, res);
  await ended;
}

/**
 * Without the length of the body, so that the body ends where standard input does: told a length, the backend waits for
 * the rest of a push that was cut off, and never ends.
 */
function environment(req: IncomingMessage, request: CgiRequest): Record<string, string> {
  const { headers } = req;
  const one = (name: string, value: string | undefined): Record<string, string> => (value ? { [name]: value } : {});
  return {
    GIT_PROJECT_ROOT: request.root,
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: request.path,
    QUERY_STRING: request.query,
    REQUEST_METHOD: req.method ?? "GET",
    REMOTE_ADDR: request.remoteAddress,
    REMOTE_USER: "slipway",
    ...one("CONTENT_TYPE", headers["content-type"]),
    ...one("HTTP_CONTENT_ENCODING", headers["content-encoding"]),
    ...one("GIT_PROTOCOL", [headers["git-protocol"]].flat()[0]),
  };
}

/** Passes the backend's header and body on. */
async function respond(child: ChildProcessWithoutNullStreams, res: ServerResponse): Promise<void> {
  let head = Buffer.alloc(0);
  let started = false;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    let body = chunk;
    if (!started) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0 && head.length < LONGEST_HEADER) continue;
      if (end < 0) break;
      writeHead(res, head.toString("latin1", 0, end));
      body = head.subarray(end + 4);
      started = true;
    }
    if (res.destroyed) continue;
    if (body.length > 0 && !res.write(body)) await drained(res);
  }
  if (!started && !res.headersSent)
    res.writeHead(500, { "content-type": "text/plain" }).write("git http-backend failed\n");
  child.stdout.destroy();
}

function writeHead(res: ServerResponse, text: string): void {
  let status = 200;
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10) || 500;
    else if (colon > 0) res.setHeader(name, value);
  }
  res.writeHead(status);
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    res.once("drain", resolve);
    res.once("close", resolve);
  });
}
