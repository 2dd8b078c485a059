/** The objects that an image or artifact in a registry holds: `repoURL: oci://HOST/REPOSITORY`, as Argo CD has it since 3.1. */
import type { Application } from "#api/argoproj.io/application.ts";
import { Secret, ServiceAccount } from "#api/builtin/index.ts";
import { keyOf, type Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import { canonicalJson, deepFreeze } from "#kit/json.ts";
import { Followers } from "#ports/git/followers.ts";
import { checkedPath } from "#ports/git/names.ts";
import {
  type BundleAccess,
  type BundleSource,
  localRepositoryOf,
  type PinnedBundle,
  pinBundle,
  readBundle,
} from "#ports/oci/bundle-reader.ts";
import { pullCredentials } from "#ports/oci/pull-secrets.ts";
import { parseReference, type Reference } from "#ports/oci/reference.ts";
import { SERVICE_ACCOUNT } from "./identity.ts";
import type { Loaded, LoadOptions, Source } from "./loading.ts";
import { isRelevant, ManifestError, parseManifests } from "./manifests.ts";
import { repositorySecret } from "./repository-secret.ts";

export type OciDependencies = {
  images: BundleSource;
  /** Calls back with the repository of the embedded registry that an image was pushed to. */
  onImagePush: (listener: (push: { repository: string }) => void) => () => void;
  /** Where repository Secrets are. */
  controlNamespace: string;
};

type Pin = { question: string; pinned: PinnedBundle; at: number };
type Cached = { question: string; objects: readonly Unstructured[] };

const SCHEME = "oci://";
const POLL_MS = 120_000;

/** Whether the source is in a registry. */
export function isOci({ repoURL }: Source): boolean {
  return repoURL.startsWith(SCHEME);
}

/** Tags of other registries are asked for every two minutes, those of the embedded one never: a push wakes its applications. */
export class OciSource {
  private readonly dependencies: OciDependencies;
  private readonly followers = new Followers();
  private readonly pins = new Map<string, Pin>();
  private readonly parsed = new Map<string, Cached>();

  constructor(dependencies: OciDependencies) {
    this.dependencies = dependencies;
  }

  /** The revision is the manifest's digest. Throws ImageError, ManifestError, and GitError for a path that leaves the image. */
  async load(app: Application, context: Context, { source, revision, refresh }: LoadOptions): Promise<Loaded> {
    const { images } = this.dependencies;
    const key = keyOf(app);
    const wanted = referenceOf(source, source.targetRevision);
    const reference = revision === undefined ? wanted : referenceOf(source, revision);
    const local = localRepositoryOf(wanted, images);
    this.followers.follow(key, wanted.digest ? undefined : local);
    const access = { credentials: await this.credentials(app, source, context), signal: context.signal };
    const polls = local === undefined && reference.digest === undefined;
    const pinned = polls
      ? await this.pinRemote(key, reference, access, { now: context.now().getTime(), refresh })
      : await pinBundle(reference, images, access);
    const objects = await this.read(key, pinned, source, access);
    return { revision: pinned.digest, objects, recheckAfter: polls ? POLL_MS : undefined };
  }

  /** Wakes applications whose repository was pushed to; returns how to stop. */
  wakeOnPush(wake: (key: string) => void): () => void {
    return this.dependencies.onImagePush(({ repository }) => this.followers.of(repository).forEach(wake));
  }

  forget(key: string): void {
    this.followers.follow(key, undefined);
    this.pins.delete(key);
    this.parsed.delete(key);
  }

  private async pinRemote(
    key: string,
    reference: Reference,
    access: BundleAccess,
    { now, refresh }: { now: number; refresh: boolean },
  ): Promise<PinnedBundle> {
    const question = canonicalJson(reference);
    const known = this.pins.get(key);
    if (known && !refresh && known.question === question && now - known.at < POLL_MS) return known.pinned;
    const pinned = await pinBundle(reference, this.dependencies.images, access);
    this.pins.set(key, { question, pinned, at: now });
    return pinned;
  }

  private async read(
    key: string,
    pinned: PinnedBundle,
    source: Source,
    access: BundleAccess,
  ): Promise<readonly Unstructured[]> {
    const directory = checkedPath(source.path ?? "");
    const question = `${pinned.digest} ${directory} ${canonicalJson(source.directory)}`;
    const known = this.parsed.get(key);
    if (known?.question === question) return known.objects;
    const prefix = directory === "" ? "" : `${directory}/`;
    const files = await readBundle(pinned, (path) => path.startsWith(prefix), this.dependencies.images, access);
    if (files.size === 0)
      throw new ManifestError(`${source.path}: app path does not exist in ${source.repoURL} at ${pinned.digest}`);
    const relative = [...files].map(([path, content]) => [path.slice(prefix.length), content] as const);
    const relevant = relative.filter(([path]) => isRelevant(path, source.directory));
    const objects = parseManifests(new Map(relevant), source.directory);
    for (const object of objects) deepFreeze(object);
    this.parsed.set(key, { question, objects });
    return objects;
  }

  /** Those of the repository Secret for the URL, else those of the service account that the application names. */
  private async credentials(
    { metadata }: Application,
    { repoURL }: Source,
    context: Context,
  ): Promise<BundleAccess["credentials"]> {
    const known = await repositorySecret(repoURL, this.dependencies.controlNamespace, context);
    if (known?.username !== undefined) {
      const header = `Basic ${Buffer.from(`${known.username}:${known.password ?? ""}`).toString("base64")}`;
      return async () => header;
    }
    const { namespace } = metadata;
    const name = metadata.annotations?.[SERVICE_ACCOUNT];
    const account = name === undefined ? undefined : await context.get(ServiceAccount, name, namespace);
    const names = (account?.imagePullSecrets ?? []).flatMap((secret) => secret.name ?? []);
    const secrets = await Promise.all(names.map((secret) => context.get(Secret, secret, namespace)));
    return pullCredentials(secrets.flatMap((secret) => (secret ? [secret] : [])));
  }
}

/** `revision` is a tag or a digest; without one it is the tag `latest`. The host is never left out. */
function referenceOf({ repoURL }: Source, revision = ""): Reference {
  const name = repoURL.slice(SCHEME.length).replace(/\/+$/, "");
  const [host, ...path] = name.split("/");
  const [separator, version] = revision.includes(":") ? ["@", revision] : [":", revision || "latest"];
  const reference = /[@:]/.test(path.join("/")) ? undefined : parseReference(`${name}${separator}${version}`);
  if (reference && path.length > 0 && reference.host === host) return reference;
  throw new ManifestError(
    `${repoURL} at ${revision || "latest"} is no image: give oci://HOST/REPOSITORY, and a tag or a digest as targetRevision`,
  );
}
