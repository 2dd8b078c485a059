/** Applications for a program that is killed all the time: each commit has a number, which the running application answers. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { must, run, type Sandbox } from "../../harness/program.ts";

const IDENTITY = ["-c", "user.name=Chaos", "-c", "user.email=chaos@example.com"];
const SERVER = `import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const number = Number(readFileSync(new URL("number", import.meta.url), "utf8"));
const answer = JSON.stringify({ number, revision: process.env.K_REVISION });
createServer((_request, response) => response.end(answer)).listen(process.env.PORT ?? 8080);
process.on("SIGTERM", () => process.exit(0));
`;

/** A repository of one application, as a developer has it. */
export class App {
  readonly name: string;
  /** Ids of the commits whose push was acknowledged; a commit's number is its place in the list, from 0. */
  readonly commits: string[] = [];
  private readonly folder: string;
  private readonly remote: string;

  constructor(name: string, work: string, sandbox: Sandbox, token: string) {
    this.name = name;
    this.folder = join(work, name);
    this.remote = `http://slipway:${token}@127.0.0.1:${sandbox.portBase}/git/${name}.git`;
  }

  async init(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await must("git", ["init", "-q", "-b", "main", this.folder]);
    const manifest = { name: this.name, version: "1.0.0", type: "module", scripts: { start: "node server.js" } };
    await writeFile(join(this.folder, "package.json"), JSON.stringify(manifest));
    await writeFile(join(this.folder, "server.js"), SERVER);
  }

  /** Commits the next number and pushes until the push is acknowledged, however long that takes. */
  async push(): Promise<void> {
    await writeFile(join(this.folder, "number"), String(this.commits.length));
    await this.git("add", "-A");
    await this.git("commit", "-qm", `Number ${this.commits.length}`);
    const commit = (await this.git("rev-parse", "HEAD")).trim();
    while ((await run("git", ["push", "-q", this.remote, "main"], { cwd: this.folder })).code !== 0) await sleep(100);
    this.commits.push(commit);
  }

  /** The number of the commit that a revision such as `main@sha1:abc…` names; -1 for one that was never pushed. */
  numberOf(revision: string | undefined): number {
    return this.commits.indexOf(revision?.split(":").at(-1) ?? "");
  }

  private git(...args: string[]): Promise<string> {
    return must("git", [...IDENTITY, ...args], { cwd: this.folder });
  }
}
