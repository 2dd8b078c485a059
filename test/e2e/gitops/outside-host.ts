/** A Git host of somebody else, over HTTP with a password; and somebody else who pushes to it. */

import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createGitHost } from "#ports/git/host.ts";
import { must, run } from "../../harness/program.ts";

/** Between pushes, so that others have a chance. */
const PAUSE_MS = 300;
const USER = { username: "robot", password: "correct horse" };

export type OutsideHost = {
  /** The address without a repository: `http://host:port`. */
  url: string;
  /** What a Secret holds to log in. */
  credentials: typeof USER;
  /** The folder of a repository. */
  path(name: string): string;
  close(): Promise<void>;
};

export async function startOutsideHost(folder: string): Promise<OutsideHost> {
  const authorization = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString("base64")}`;
  const host = await createGitHost({ directory: folder, authorize: async (header) => header === authorization });
  const server = createServer((request, response) => {
    void host.handle(request, response).then((handled) => handled || response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: USER,
    path: (name) => host.path(name),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Pushes one commit after the other to a branch that others push to. */
export class Competitor {
  /** Ids of the commits whose push was acknowledged. */
  readonly pushed: string[] = [];
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Clones the repository and pushes its first commit. */
  async begin({ url, credentials }: OutsideHost, repository: string): Promise<void> {
    const origin = new URL(`${url}/git/${repository}.git`);
    Object.assign(origin, credentials);
    await must("git", ["init", "-q", "-b", "main", this.folder]);
    await this.git("remote", "add", "origin", origin.href);
    await this.commit();
    await this.git("push", "-q", "origin", "main");
  }

  async compete(times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      await this.pushOne();
      await sleep(PAUSE_MS);
    }
  }

  private async pushOne(): Promise<void> {
    const commit = await this.commit();
    const { code } = await run("git", ["-C", this.folder, "push", "-q", "origin", "main"]);
    if (code === 0) this.pushed.push(commit);
    else await this.git("pull", "-q", "--rebase", "origin", "main");
  }

  private async commit(): Promise<string> {
    await writeFile(join(this.folder, "competitor"), `${performance.now()}\n`);
    await this.git("add", "-A");
    await this.git("commit", "-qm", "Somebody else");
    return (await this.git("rev-parse", "HEAD")).trim();
  }

  private git(...args: string[]): Promise<string> {
    const identity = ["-c", "user.name=Competitor", "-c", "user.email=competitor@example.com"];
    return must("git", ["-C", this.folder, ...identity, ...args]);
  }
}
