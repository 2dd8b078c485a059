/** Reconciles ConfigCommits: the directory in Git has these files, by one commit per change. */
import { ConfigMap } from "#api/builtin/index.ts";
import { ConfigCommit } from "#api/slipway.dev/config-commit.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { canonicalJson, deepEqual } from "#kit/json.ts";
import { sha256 } from "#kit/names.ts";
import { GitError } from "#ports/git/cli.ts";
import type { GitPort } from "#ports/git/git.ts";
import type { Location } from "#ports/git/pin.ts";
import { gitCredentials } from "./git-secrets.ts";
import { commitMessage } from "./message.ts";
import { readable } from "./readable.ts";

type Status = NonNullable<ConfigCommit["status"]>;

export type DeliveryDependencies = {
  git: Pick<GitPort, "commitFiles" | "hasCommit">;
  /** Where the repository is, when the URL is one of our own Git host. */
  embedded: (url: string) => string | undefined;
  /** Whether it is the repository that all namespaces of the platform share, and that the platform writes with its own rights. */
  isShared: (url: string) => boolean;
};

type History = NonNullable<Status["history"]>;

const HISTORY_LIMIT = 50;
const AUTHOR = { name: "Slipway", email: "slipway@localhost" };
const RETRY_MS = 5000;
/** Most of them wait for their repository; those of a host that does not answer leave room for others. */
const CONCURRENT_COMMITS = 64;

/** See {@link DeliveryDependencies}. What is committed already is never committed again, also after a restart. */
export function configCommitController({ git, embedded, isShared }: DeliveryDependencies): Controller<ConfigCommit> {
  return controller({
    name: "delivery/configcommit",
    for: ConfigCommit,
    concurrency: CONCURRENT_COMMITS,
    async reconcile(object, context): Promise<Outcome<Status>> {
      const { repository, path } = object.spec;
      const branch = repository.branch ?? "main";
      if (!URL.canParse(repository.url))
        return broken(
          "Ready",
          "InvalidRepository",
          `spec.repository.url "${repository.url}" is not a URL: give the Git repository to commit to`,
        );
      const { namespace = "" } = object.metadata;
      if (isShared(repository.url) && !isBelow(path, `config/${namespace}`))
        return broken(
          "Ready",
          "PathNotPermitted",
          `spec.path "${path}" is not for namespace "${namespace}": of the platform's own repository it has config/${namespace}; use that, or another repository`,
        );
      const files = await filesOf(object, context);
      if (typeof files === "string") return waiting("Ready", "ConfigMapNotFound", files);
      const done = { digest: sha256(canonicalJson(files)), target: { url: repository.url, branch, path } };
      const local = embedded(repository.url);
      try {
        if (await isDone(object.status, done, local, git))
          return settled(undefined, succeeded(object.status?.revision));
        const location = local ? { path: local, url: repository.url } : await remote(object, context);
        const time = context.now();
        const author = object.spec.author ?? AUTHOR;
        const request = {
          branch,
          directory: path,
          files: new Map(Object.entries(files)),
          message: commitMessage(object),
          author,
          time,
        };
        const { commit, previous, changed } = await git.commitFiles(location, request, { signal: context.signal });
        const revision = `${branch}@sha1:${commit.id}`;
        const committedAt = (changed ? time : commit.time).toISOString();
        return settled(
          {
            ...done,
            commit: commit.id,
            revision,
            committedAt,
            previousCommit: changed ? previous : commit.parents[0],
            history: extendHistory(object, { commit: commit.id, committedAt }),
          },
          succeeded(revision),
        );
      } catch (error) {
        if (!(error instanceof GitError)) throw error;
        const reason = error.reason === "Unauthorized" ? "AuthenticationFailed" : "GitOperationFailed";
        return broken("Ready", reason, error.message, { recheckAfter: RETRY_MS });
      }
    },
  });
}

/** Whether a path is of the directory, or is the directory itself; one with dots in it is of none. */
function isBelow(path: string, directory: string): boolean {
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments.some((segment) => segment === "." || segment === "..")) return false;
  return `${segments.join("/")}/`.startsWith(`${directory}/`);
}

function succeeded(revision: string | undefined): { reason: string; message: string } {
  return { reason: "Succeeded", message: `committed as '${revision}'` };
}

function extendHistory({ spec, status }: ConfigCommit, made: { commit: string; committedAt: string }): History {
  const before = (status?.history ?? []).filter(({ commit }) => commit !== made.commit);
  return [...before, { ...made, ...(spec.provenance && { provenance: spec.provenance }) }].slice(-HISTORY_LIMIT);
}

async function filesOf({ metadata, spec }: ConfigCommit, context: Context): Promise<Record<string, string> | string> {
  if (!spec.configMapRef) return readable(spec.files ?? {});
  const { name } = spec.configMapRef;
  const map = await context.get(ConfigMap, name, metadata.namespace);
  return map ? readable(map.data ?? {}) : `ConfigMap "${name}" not found in namespace "${metadata.namespace}"`;
}

async function isDone(
  status: ConfigCommit["status"],
  wanted: Pick<Status, "digest" | "target">,
  local: string | undefined,
  git: DeliveryDependencies["git"],
): Promise<boolean> {
  if (!status?.commit || status.digest !== wanted.digest || !deepEqual(status.target, wanted.target)) return false;
  return local === undefined || (await git.hasCommit(local, status.commit));
}

async function remote({ metadata, spec }: ConfigCommit, context: Context): Promise<Location> {
  const { repository, serviceAccountName } = spec;
  return {
    url: repository.url,
    credentials: await gitCredentials({ ...repository, serviceAccountName }, metadata.namespace, context),
  };
}
