/** Reconciles GitRepositories: pin the commit, keep its tree as one artifact in the blob store. */
import { createGzip } from "node:zlib";
import { Secret } from "#api/builtin/index.ts";
import { keyOf } from "#api/meta.ts";
import { GitRepository } from "#api/source.toolkit.fluxcd.io/git-repository.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { GitError } from "#ports/git/cli.ts";
import { type GitCredentials, parseCredentials } from "#ports/git/credentials.ts";
import { Followers } from "#ports/git/followers.ts";
import type { GitPort } from "#ports/git/git.ts";
import type { Location, Pinned } from "#ports/git/pin.ts";
import { parseDuration } from "./duration.ts";
import { includedBy } from "./ignore.ts";
import { whyUnsupported } from "./unsupported.ts";

type Spec = GitRepository["spec"];
type Status = NonNullable<GitRepository["status"]>;

/** Where artifacts are kept. */
export type ArtifactStore = {
  put(content: AsyncIterable<Uint8Array>): Promise<{ digest: string; size: number }>;
  has(digest: string): Promise<boolean>;
};

export type SourceDependencies = {
  git: Pick<GitPort, "pin" | "exportTree">;
  blobs: ArtifactStore;
  /** The URL under which the artifact can be downloaded. */
  artifactUrl: (namespace: string, name: string, commit: string) => string;
  /** Where the repository is, when the URL is one of our own Git host. */
  embedded: (url: string) => string | undefined;
  /** Calls back with the path of a hosted repository that changed. */
  onPush: (listener: (push: { path: string }) => void) => () => void;
};

const RECONCILE_AT = "reconcile.fluxcd.io/requestedAt";
const RETRY_MS = 5000;

/** See {@link SourceDependencies}. A push to a hosted repository wakes its sources at once; others are polled. */
export function gitRepositoryController(dependencies: SourceDependencies): Controller<GitRepository> {
  const followers = new Followers();
  return controller({
    name: "source/gitrepository",
    for: GitRepository,
    wakes: (wake) => dependencies.onPush(({ path }) => followers.of(path).forEach(wake)),
    async reconcile(repository, context): Promise<Outcome<Status>> {
      const { spec, status } = repository;
      if (spec.suspend)
        return waiting("Ready", "Suspended", "reconciliation is suspended", { conditions: status?.conditions ?? [] });
      const why = whyUnsupported(spec);
      if (why) return broken("Ready", "Unsupported", why);
      const path = dependencies.embedded(spec.url);
      followers.follow(keyOf(repository), path);
      const handled = { lastHandledReconcileAt: repository.metadata.annotations?.[RECONCILE_AT] };
      const recheckAfter = path === undefined ? { recheckAfter: parseDuration(spec.interval) } : {};
      try {
        const location = path === undefined ? await remote(repository, context) : { path, url: spec.url };
        const pinned = await pinCommit(location, spec, dependencies, context);
        return await store(repository, pinned, dependencies, { context, handled, recheckAfter });
      } catch (error) {
        if (!(error instanceof GitError)) throw error;
        const reason = error.reason === "Unauthorized" ? "AuthenticationFailed" : "GitOperationFailed";
        const itself = path !== undefined && error.reason === "Failed" ? { recheckAfter: RETRY_MS } : recheckAfter;
        return broken("Ready", reason, error.message, { status: handled, ...itself });
      }
    },
  });
}

async function remote(repository: GitRepository, context: Context): Promise<Location> {
  const { url, secretRef } = repository.spec;
  return {
    url,
    credentials: secretRef && (await credentialsFrom(secretRef.name, repository.metadata.namespace, context)),
  };
}

async function credentialsFrom(name: string, namespace: string | undefined, context: Context): Promise<GitCredentials> {
  const secret = await context.get(Secret, name, namespace);
  if (!secret) throw new GitError("Unauthorized", `secret "${name}" not found in namespace "${namespace}"`);
  const data = Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]);
  return parseCredentials(Object.fromEntries(data), `secret "${namespace}/${name}"`);
}

/** Without a ref it is `master`, as upstream has it, or the default branch of a repository that has no master. */
async function pinCommit(
  location: Location,
  spec: Spec,
  { git }: SourceDependencies,
  { signal }: Context,
): Promise<Pinned> {
  const options = { signal, timeoutMs: parseDuration(spec.timeout ?? "60s") };
  if (spec.ref && Object.keys(spec.ref).length > 0) return await git.pin(location, spec.ref, options);
  try {
    return await git.pin(location, { branch: "master" }, options);
  } catch (error) {
    if (!(error instanceof GitError) || error.reason !== "NotFound") throw error;
    return await git.pin(location, { revision: "HEAD" }, options);
  }
}

type Report = {
  context: Context;
  handled: { lastHandledReconcileAt: string | undefined };
  recheckAfter: { recheckAfter?: number };
};

async function store(
  { metadata, spec, status }: GitRepository,
  { repository, commit, revision }: Pinned,
  { git, blobs, artifactUrl }: SourceDependencies,
  { context, handled, recheckAfter }: Report,
): Promise<Outcome<Status>> {
  const { name, namespace = "" } = metadata;
  const before = status?.artifact;
  const same = before?.revision === revision && status?.observedIgnore === spec.ignore;
  const message = `stored artifact for revision '${revision}'`;
  const conditions = [{ type: "ArtifactInStorage", status: "True" as const, reason: "Succeeded", message }];
  const outcome = (artifact: Status["artifact"]): Outcome<Status> =>
    settled(
      { artifact, observedIgnore: spec.ignore, ...handled },
      { reason: "Succeeded", message, conditions, ...recheckAfter },
    );
  if (before && same && (await blobs.has(before.digest))) return outcome(before);
  const tar = git.exportTree(
    repository,
    commit.id,
    spec.ignore === undefined ? {} : { include: includedBy(spec.ignore) },
  );
  try {
    const archive = tar.on("error", (error) => archive.destroy(error)).pipe(createGzip({ level: 4 }));
    const { digest, size } = await blobs.put(archive);
    context.event("Normal", "NewArtifact", `${message}: ${subjectOf(commit.message)}`);
    return outcome({
      digest,
      size,
      revision,
      lastUpdateTime: context
        .now()
        .toISOString()
        .replace(/\.\d+Z$/, "Z"),
      path: `gitrepository/${namespace}/${name}/${commit.id}.tar.gz`,
      url: artifactUrl(namespace, name, commit.id),
      metadata: {
        "slipway.dev/commit": commit.id,
        "slipway.dev/commit-time": commit.time.toISOString(),
        "slipway.dev/commit-subject": subjectOf(commit.message),
        "slipway.dev/pinned-at": context.now().toISOString(),
      },
    });
  } catch (error) {
    if (error instanceof GitError) throw error;
    const words = `the artifact could not be stored: ${error instanceof Error ? error.message : String(error)}`;
    return broken("Ready", "StorageOperationFailed", words, { recheckAfter: RETRY_MS });
  } finally {
    tar.destroy();
  }
}

function subjectOf(message: string): string {
  return message.split("\n")[0]?.slice(0, 200) ?? "";
}
