/** The objects that an application's directory holds, in Git or in a registry, read again only when the directory changed. */
import type { Application } from "#api/argoproj.io/application.ts";
import { keyOf, type Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import { canonicalJson, deepFreeze } from "#kit/json.ts";
import { GitError } from "#ports/git/cli.ts";
import { parseCredentials } from "#ports/git/credentials.ts";
import { Followers } from "#ports/git/followers.ts";
import type { GitPort, RefUpdate } from "#ports/git/git.ts";
import { checkedPath } from "#ports/git/names.ts";
import type { Location, Pinned } from "#ports/git/pin.ts";
import { ImageError } from "#ports/oci/image.ts";
import type { Loaded, LoadOptions, Source } from "./loading.ts";
import { isRelevant, ManifestError, parseManifests } from "./manifests.ts";
import { isOci, type OciDependencies, OciSource } from "./oci-source.ts";
import { repositorySecret, sshKnownHosts } from "./repository-secret.ts";

export type SourceDependencies = OciDependencies & {
  git: Pick<GitPort, "pin" | "readFiles" | "treeId" | "changedFiles">;
  /** Where the repository is, when the URL is one of our own Git host. */
  embedded: (url: string) => string | undefined;
  /** Calls back with the path of a hosted repository and the refs that moved. */
  onPush: (listener: (push: { path: string; updates: readonly RefUpdate[] }) => void) => () => void;
  /** Where repository Secrets and AppProjects are. */
  controlNamespace: string;
};

type Cached = { question: string; objects: readonly Unstructured[] };
type Pin = { question: string; pinned: Pinned; at: number };

const POLL_MS = 120_000;

/** Remote repositories are asked every two minutes, hosted ones never: a push wakes the applications whose directory it changed. */
export class ManifestSource {
  private readonly dependencies: SourceDependencies;
  private readonly oci: OciSource;
  private readonly followers = new Followers();
  private readonly pins = new Map<string, Pin>();
  private readonly parsed = new Map<string, Cached>();

  constructor(dependencies: SourceDependencies) {
    this.dependencies = dependencies;
    this.oci = new OciSource(dependencies);
  }

  /** Throws GitError, ImageError and ManifestError. */
  async load(app: Application, context: Context, options: LoadOptions): Promise<Loaded> {
    const { source, revision = source.targetRevision || "HEAD", refresh } = options;
    const key = keyOf(app);
    if (isOci(source)) {
      this.followers.follow(key, undefined);
      return await this.oci.load(app, context, options);
    }
    const directory = checkedPath(source.path ?? "");
    const path = this.dependencies.embedded(source.repoURL);
    this.followers.follow(key, path, directory);
    const pinned = path
      ? await this.dependencies.git.pin({ path, url: source.repoURL }, { revision }, context)
      : await this.pinRemote(key, source.repoURL, revision, context, refresh);
    const objects = await this.read(key, pinned, directory, source);
    return { revision: pinned.commit.id, objects, recheckAfter: path ? undefined : POLL_MS };
  }

  /** Wakes applications whose directory a push changed; returns how to stop. */
  wakeOnPush(wake: (key: string) => void): () => void {
    const stop = this.dependencies.onPush(({ path, updates }) => {
      for (const update of updates) void this.touchedBy(path, update).then((keys) => keys.forEach(wake));
    });
    const stopOci = this.oci.wakeOnPush(wake);
    return () => {
      stop();
      stopOci();
    };
  }

  forget(key: string): void {
    this.oci.forget(key);
    this.followers.follow(key, undefined);
    this.pins.delete(key);
    this.parsed.delete(key);
  }

  private async touchedBy(path: string, { before, after }: RefUpdate): Promise<readonly string[]> {
    if (!before || !after) return this.followers.of(path);
    const changed = this.dependencies.git.changedFiles(path, before, after);
    return await changed.then(
      (files) => this.followers.touchedBy(path, files),
      () => this.followers.of(path),
    );
  }

  private async pinRemote(
    key: string,
    url: string,
    revision: string,
    context: Context,
    refresh: boolean,
  ): Promise<Pinned> {
    const question = `${url} ${revision}`;
    const known = this.pins.get(key);
    const now = context.now().getTime();
    if (known && !refresh && known.question === question && now - known.at < POLL_MS) return known.pinned;
    const pinned = await this.dependencies.git.pin(await this.locate(url, context), { revision }, context);
    this.pins.set(key, { question, pinned, at: now });
    return pinned;
  }

  private async locate(url: string, context: Context): Promise<Location> {
    const found = await repositorySecret(url, this.dependencies.controlNamespace, context);
    if (!found) return { url };
    const { username, bearerToken, sshPrivateKey } = found;
    if (username === undefined && bearerToken === undefined && sshPrivateKey === undefined) return { url };
    const key = sshPrivateKey && {
      identity: sshPrivateKey,
      known_hosts: await sshKnownHosts(this.dependencies.controlNamespace, context),
    };
    return { url, credentials: parseCredentials({ ...found, ...key }, `the repository Secret for ${url}`) };
  }

  private async read(key: string, pinned: Pinned, directory: string, source: Source): Promise<readonly Unstructured[]> {
    const { git } = this.dependencies;
    const { repository, commit } = pinned;
    const tree = await git.treeId(repository, commit.id, directory);
    if (!tree)
      throw new ManifestError(`${source.path}: app path does not exist in ${source.repoURL} at ${pinned.revision}`);
    const question = `${tree} ${canonicalJson(source.directory)}`;
    const known = this.parsed.get(key);
    if (known?.question === question) return known.objects;
    const files = await git.readFiles(repository, commit.id, directory, {
      include: (path) => isRelevant(path, source.directory),
    });
    const objects = parseManifests(files, source.directory);
    for (const object of objects) deepFreeze(object);
    this.parsed.set(key, { question, objects });
    return objects;
  }
}

/** The one line that says why loading failed, or undefined for an error of another sort. */
export function whyNotLoaded(error: unknown): string | undefined {
  const isKnown = error instanceof ManifestError || error instanceof GitError || error instanceof ImageError;
  return isKnown ? `Failed to load target state: ${error.message}` : undefined;
}
