/** Runs the git program: never interactive, with nothing of the user's configuration, and with errors one can read. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

export type GitErrorReason = "NotFound" | "Unauthorized" | "Unreachable" | "Conflict" | "Invalid" | "Failed";

/** A git operation that did not work. `message` is one line for people; `reason` is for programs. */
export class GitError extends Error {
  override name = "GitError";
  readonly reason: GitErrorReason;

  constructor(reason: GitErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export type GitOptions = {
  /** The repository to work on. */
  repository?: string | undefined;
  /** Bytes for standard input. */
  input?: string | Uint8Array;
  /** More configuration, kept out of the argument list so that credentials do not show in the process table. */
  config?: readonly (readonly [key: string, value: string])[];
  env?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  /** Default: two minutes. */
  timeoutMs?: number | undefined;
};

const DEFAULT_TIMEOUT_MS = 120_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin";
const CONFIG: readonly (readonly [string, string])[] = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsync", "committed,reference"],
  ["core.fsyncMethod", "batch"],
  ["http.lowSpeedLimit", "1"],
  ["http.lowSpeedTime", "60"],
  ["protocol.ext.allow", "never"],
  ["safe.directory", "*"],
  ["gc.autoDetach", "false"],
  ["advice.detachedHead", "false"],
];

/** The environment of every git process. */
export function gitEnvironment(options: Pick<GitOptions, "repository" | "config" | "env"> = {}): NodeJS.ProcessEnv {
  const config = [...CONFIG, ...(options.config ?? [])];
  const pairs = config.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    PATH,
    LC_ALL: "C",
    HOME: "/nonexistent",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    SSH_ASKPASS: "/bin/false",
    GIT_SSH_COMMAND: "/bin/false",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_PROTOCOL_FROM_USER: "0",
    ...(options.repository && { GIT_DIR: options.repository }),
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(pairs),
    ...options.env,
  };
}

/** A git process whose pipes the caller handles. It is killed when the signal aborts. */
export function spawnGit(args: readonly string[], options: GitOptions = {}): ChildProcessWithoutNullStreams {
  return spawn("git", args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: gitEnvironment(options),
    cwd: "/",
    ...(options.signal && { signal: options.signal, killSignal: "SIGKILL" }),
  });
}

/** Standard output of a git command. Throws GitError when it fails or takes too long, and the abort reason. */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<string> {
  const child = spawnGit(args, options);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const code = await new Promise<number | Error>((resolve) => {
    child.on("error", resolve);
    child.on("close", (status) => resolve(status ?? -1));
  });
  clearTimeout(timer);
  options.signal?.throwIfAborted();
  if (late) throw new GitError("Unreachable", `git ${args[0]} took too long and was stopped`);
  if (code instanceof Error) throw cannotStart(code);
  if (code === 0) return Buffer.concat(stdout).toString();
  throw toGitError(args[0] ?? "", Buffer.concat(stderr).toString(), code);
}

function cannotStart(error: NodeJS.ErrnoException): GitError {
  const why = error.code === "ENOENT" ? "it is not installed: install the git package" : error.message;
  return new GitError("Failed", `git could not be started: ${why}`, { cause: error });
}

const REASONS: readonly (readonly [RegExp, GitErrorReason])[] = [
  [
    /authentication failed|could not read (username|password)|returned error: 40[13]|permission denied|host key verification failed/i,
    "Unauthorized",
  ],
  [/cannot lock ref|non-fast-forward|fetch first|stale info|incorrect old value|failed to push some refs/i, "Conflict"],
  [
    /couldn't find remote ref|repository '.*' not found|not a git repository|does not appear to be|returned error: 404/i,
    "NotFound",
  ],
  [
    /could not resolve host|failed to connect|couldn't connect|connection (refused|reset|timed out)|unable to access/i,
    "Unreachable",
  ],
];

/** What ssh says before git says no more than that it could not read. */
const SSH_WORDS = /^(No \S+ host key is known for|Host key for|Load key|ssh: )|Permission denied \(/;

/** The error that git's own words describe, without its prefixes and hints. */
function toGitError(command: string, stderr: string, code: number): GitError {
  const lines = stderr
    .split(/[\n\r]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("hint:") && !line.includes("askpass"));
  const ssh = lines.find((line) => SSH_WORDS.test(line));
  const telling = ssh ?? lines.find((line) => /^(fatal|error|remote: error|! \[)/.test(line)) ?? lines[0];
  const words =
    telling?.replace(/^(remote: )?(fatal|error): /, "").replace(/"[^"]*\/identity"/, "of the Secret") ??
    `exit code ${code}`;
  const reason = REASONS.find(([pattern]) => pattern.test(stderr))?.[1] ?? "Failed";
  return new GitError(reason, `${reason === "Failed" ? `git ${command}: ` : ""}${words.slice(0, 500)}`);
}
