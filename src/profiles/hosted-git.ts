/** The repositories of this platform's own Git host. */
import type { GitPort } from "#ports/git/git.ts";
import type { GitHost } from "#ports/git/host.ts";

export type HostedGit = {
  has(name: string): Promise<boolean>;
  create(name: string, options?: { anonymousPush?: boolean }): Promise<void>;
  /** Creates the repository unless it is there. */
  ensure(name: string): Promise<void>;
  /** The first commit of a repository. */
  seed(name: string, files: ReadonlyMap<string, Uint8Array>): Promise<void>;
  url(name: string): string;
  /** The path of the repository behind a URL, or undefined when the URL is not one of ours. */
  embedded(url: string): string | undefined;
};

const AUTHOR = { name: "Slipway", email: "slipway@localhost" };

export function hostedGit(host: GitHost, git: GitPort, frontDoorUrl: string, clock: () => Date): HostedGit {
  const { port } = new URL(frontDoorUrl);
  const ours = new RegExp(`^http://(127\\.0\\.0\\.1|localhost):${port}/git/([^/]+?)(\\.git)?/?$`);
  const url = (name: string): string => `${frontDoorUrl}/git/${name}.git`;
  return {
    has: (name) => host.has(name),
    create: async (name, options) => void (await host.create(name, options)),
    ensure: async (name) => void (await host.create(name)),
    seed: async (name, files) => {
      const request = {
        branch: "main",
        directory: "",
        files,
        message: "Import the example",
        author: AUTHOR,
        time: clock(),
      };
      await git.commitFiles({ path: host.path(name), url: url(name) }, request);
    },
    url,
    embedded: (text) => {
      const name = ours.exec(text)?.[2];
      return name ? host.path(name) : undefined;
    },
  };
}
