/** Hosts bare repositories over smart HTTP below `/git/`. */
import { randomUUID } from "node:crypto";
import { access, appendFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { runBackend } from "./cgi.ts";
import { GitError, git } from "./cli.ts";
import type { RefUpdate } from "./git.ts";
import { KeyedLock } from "./keyed-lock.ts";
import { isRepositoryName } from "./names.ts";

export type Action = "read" | "write";
export type Push = { repository: string; path: string; updates: RefUpdate[] };

export type GitHostOptions = {
  directory: string;
  /** Whether the bearer of this Authorization header may do that. Undefined: there was no header. */
  authorize: (
    authorization: string | undefined,
    repository: string,
    action: Action,
    remoteAddress: string,
  ) => Promise<boolean>;
};

export interface GitHost {
  /** Answers a request below `/git/`; false when the path is not ours. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<boolean>;
  /** Creates an empty repository; leaves one that is there as it is. Throws GitError Invalid for a bad name. */
  create(name: string, options?: { anonymousPush?: boolean }): Promise<string>;
  has(name: string): Promise<boolean>;
  /** Where the repository is, or would be. Throws GitError Invalid for a bad name. */
  path(name: string): string;
  list(): Promise<string[]>;
  /** Calls back after every push that moved a ref; returns the way to stop. */
  onPush(listener: (push: Push) => void): () => void;
  /** Tells the listeners about a change that did not come over HTTP. `path` is a repository's. */
  announce(path: string, update: RefUpdate): void;
}

const CONFIG = `
[http]
	receivepack = true
	getanyfile = false
[core]
	fsync = committed,reference
	fsyncMethod = batch
[gc]
	autoDetach = false
[transfer]
	hideRefs = refs/slipway
[uploadpack]
	allowReachableSHA1InWant = true
`;
const ROUTE = /^\/git\/([^/]+)\.git(\/info\/refs|\/git-upload-pack|\/git-receive-pack)$/;

/** Opens the host; removes what an interruption left behind. */
export async function createGitHost(options: GitHostOptions): Promise<GitHost> {
  await mkdir(options.directory, { recursive: true });
  for (const name of await readdir(options.directory))
    if (name.startsWith(".creating-")) await rm(join(options.directory, name), { recursive: true, force: true });
    else await removeLocks(join(options.directory, name));
  return new Host(options);
}

/** Lock files that a killed git left behind would refuse every later push. Nobody writes while the host is being opened. */
async function removeLocks(repository: string): Promise<void> {
  const refs = await readdir(join(repository, "refs"), { recursive: true }).catch(() => []);
  const files = [...refs.map((name) => join("refs", name)), "packed-refs.lock", "HEAD.lock", "config.lock"];
  for (const file of files) if (file.endsWith(".lock")) await rm(join(repository, file), { force: true });
}

class Host implements GitHost {
  private readonly options: GitHostOptions;
  private readonly listeners = new Set<(push: Push) => void>();
  private readonly lock = new KeyedLock();

  constructor(options: GitHostOptions) {
    this.options = options;
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const [path = "", query = ""] = (req.url ?? "").split("?", 2);
    if (!path.startsWith("/git/")) return false;
    const [, name = "", rest = ""] = ROUTE.exec(path) ?? [];
    const action = actionOf(req.method, rest, query);
    if (!action || !isRepositoryName(name)) return refuse(res, 404, "no such Git resource");
    const remoteAddress = req.socket.remoteAddress ?? "";
    if (!(await this.permits(req, name, action, remoteAddress)))
      return refuse(
        res,
        401,
        `log in to ${action} ${name}: any user name, a service account token as the password`,
        BASIC,
      );
    if (!(await this.has(name))) {
      if (action === "read") return refuse(res, 404, `repository ${name} does not exist: push to it to create it`);
      await this.create(name);
    }
    const request = { root: this.options.directory, path: `/${name}.git${rest}`, query, remoteAddress };
    if (rest !== "/git-receive-pack") await runBackend(req, res, { ...request, writes: false });
    else await this.receive(name, () => runBackend(req, res, { ...request, writes: true }));
    res.end();
    return true;
  }

  async create(name: string, { anonymousPush = false }: { anonymousPush?: boolean } = {}): Promise<string> {
    const path = this.path(name);
    return await this.lock.run(name, async () => {
      if (await this.has(name)) return path;
      const draft = join(this.options.directory, `.creating-${randomUUID()}`);
      await git(["init", "--bare", "--quiet", "--initial-branch=main", "--", draft]);
      await appendFile(join(draft, "config"), `${CONFIG}[slipway]\n\tanonymousPush = ${anonymousPush}\n`);
      await rename(draft, path);
      return path;
    });
  }

  async has(name: string): Promise<boolean> {
    if (!isRepositoryName(name)) return false;
    return await access(join(this.path(name), "HEAD")).then(
      () => true,
      () => false,
    );
  }

  path(name: string): string {
    if (!isRepositoryName(name))
      throw new GitError(
        "Invalid",
        `${JSON.stringify(name)} is not a repository name: use letters, digits, ".", "_", "-"`,
      );
    return join(this.options.directory, `${name}.git`);
  }

  async list(): Promise<string[]> {
    const names = (await readdir(this.options.directory)).map((entry) => entry.replace(/\.git$/, ""));
    const there = await Promise.all(names.map(async (name) => ((await this.has(name)) ? [name] : [])));
    return there.flat().sort();
  }

  onPush(listener: (push: Push) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  announce(path: string, update: RefUpdate): void {
    const name = path.slice(this.options.directory.length + 1).replace(/\.git$/, "");
    if (isRepositoryName(name) && this.path(name) === path) this.tell({ repository: name, path, updates: [update] });
  }

  private tell(push: Push): void {
    for (const listener of [...this.listeners]) listener(push);
  }

  private async permits(req: IncomingMessage, name: string, action: Action, address: string): Promise<boolean> {
    if (await this.options.authorize(req.headers.authorization, name, action, address)) return true;
    if (action === "read" || !isLoopback(address) || req.headers["x-forwarded-for"] || !(await this.has(name)))
      return false;
    const args = ["config", "--bool", "--default=false", "slipway.anonymousPush"];
    return (await git(args, { repository: this.path(name) })).trim() === "true";
  }

  private async receive(name: string, run: () => Promise<void>): Promise<void> {
    const path = this.path(name);
    const before = await readRefs(path);
    await run();
    const updates = changesBetween(before, await readRefs(path));
    if (updates.length > 0) this.tell({ repository: name, path, updates });
  }
}

const BASIC = { "WWW-Authenticate": 'Basic realm="slipway"' };

function actionOf(method: string | undefined, rest: string, query: string): Action | undefined {
  const service =
    rest === "/info/refs" ? /^service=(git-upload-pack|git-receive-pack)$/.exec(query)?.[1] : rest.slice(1);
  if (method !== (rest === "/info/refs" ? "GET" : "POST")) return undefined;
  if (service === "git-upload-pack") return "read";
  return service === "git-receive-pack" ? "write" : undefined;
}

function refuse(res: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): true {
  res.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(`${message}\n`);
  return true;
}

async function readRefs(repository: string): Promise<Map<string, string>> {
  const text = await git(["for-each-ref", "--format=%(objectname) %(refname)"], { repository });
  const lines = text.split("\n").filter(Boolean);
  return new Map(lines.map((line) => [line.slice(line.indexOf(" ") + 1), line.slice(0, line.indexOf(" "))]));
}

function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): RefUpdate[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((ref) => before.get(ref) !== after.get(ref))
    .map((ref) => ({ ref, before: before.get(ref), after: after.get(ref) }));
}

/** True for an address of this machine itself. */
function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address) || address === "::1";
}
