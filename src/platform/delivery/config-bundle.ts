/** Reconciles ConfigBundles: the registry has these files under the tag, as an imgpkg bundle. */
import { Secret, ServiceAccount } from "#api/builtin/index.ts";
import { ConfigBundle } from "#api/slipway.dev/config-bundle.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled } from "#engine/controller/outcome.ts";
import { canonicalJson } from "#kit/json.ts";
import { sha256 } from "#kit/names.ts";
import { publishBundle, pushBundle, writeBundle } from "#ports/oci/bundle.ts";
import { ImageError } from "#ports/oci/image.ts";
import { pullCredentials } from "#ports/oci/pull-secrets.ts";
import { parseReference, type Reference } from "#ports/oci/reference.ts";
import type { Registry } from "#ports/oci/registry/registry.ts";
import { readable } from "./readable.ts";

type Status = NonNullable<ConfigBundle["status"]>;
type History = NonNullable<Status["history"]>;

export type BundleDependencies = {
  /** The embedded registry; other registries' bundles are prepared in its blob store. */
  registry: Pick<Registry, "manifest" | "linkBlob" | "putManifest" | "blobs">;
  /** Hosts, with port, whose repositories are those of `registry`. */
  localHosts: readonly string[];
  /** Tells those who follow a repository of the embedded registry that something was pushed to it. */
  announce: (push: { repository: string }) => void;
};

const HISTORY_LIMIT = 50;
const RETRY_MS = 30_000;

/** See {@link BundleDependencies}. What is pushed already is not pushed again, unless somebody moved the tag of the embedded registry. */
export function configBundleController(dependencies: BundleDependencies): Controller<ConfigBundle> {
  return controller({
    name: "delivery/configbundle",
    for: ConfigBundle,
    async reconcile(bundle, context): Promise<Outcome<Status>> {
      const { spec, status } = bundle;
      const reference = parseReference(spec.image);
      if (!reference?.tag || reference.digest)
        return broken("Ready", "InvalidImage", `spec.image "${spec.image}" is not host/repository:tag`);
      const inputs = sha256(canonicalJson(spec));
      if (status?.digest && status.inputs === inputs && isThere(reference, status.digest, dependencies))
        return settled(undefined, succeeded(status.image));
      try {
        const digest = await push(bundle, reference, dependencies, context);
        const image = `${spec.image}@${digest}`;
        const pushedAt = context.now().toISOString();
        const history = extendHistory(bundle, { digest, pushedAt });
        return settled({ image, digest, inputs, pushedAt, history }, succeeded(image));
      } catch (error) {
        if (error instanceof RangeError) return broken("Ready", "InvalidFiles", `spec.files: ${error.message}`);
        if (!(error instanceof ImageError)) throw error;
        return broken("Ready", "PushFailed", error.message, { recheckAfter: RETRY_MS });
      }
    },
  });
}

function succeeded(image: string | undefined): { reason: string; message: string } {
  return { reason: "Succeeded", message: `pushed as '${image}'` };
}

function isThere({ host, repository, tag = "" }: Reference, digest: string, to: BundleDependencies): boolean {
  return !to.localHosts.includes(host) || to.registry.manifest(repository, tag)?.digest === digest;
}

/** Resolves to the digest of the manifest. */
async function push(
  bundle: ConfigBundle,
  reference: Reference,
  { registry, localHosts, announce }: BundleDependencies,
  context: Context,
): Promise<string> {
  const { files, images = [], provenance = {} } = bundle.spec;
  const content = { files: readable(files), images, labels: provenance };
  const made = await writeBundle(registry.blobs, content, context.signal);
  if (!localHosts.includes(reference.host)) {
    const credentials = await accountCredentials(bundle, context);
    await pushBundle(reference, made, { store: registry.blobs, credentials });
  } else {
    await publishBundle(reference, made, registry);
    announce({ repository: reference.repository });
  }
  return made.digest;
}

/** Those of the service account's secrets, of both sorts, that are Docker configurations. */
async function accountCredentials(
  { metadata, spec }: ConfigBundle,
  context: Context,
): Promise<ReturnType<typeof pullCredentials>> {
  const { namespace } = metadata;
  const { serviceAccountName = "default" } = spec;
  const account = await context.get(ServiceAccount, serviceAccountName, namespace);
  if (!account)
    throw new ImageError("ErrImagePull", `serviceaccount "${namespace}/${serviceAccountName}" not found: create it`);
  const references = [...(account.imagePullSecrets ?? []), ...(account.secrets ?? [])];
  const names = [...new Set(references.flatMap(({ name }) => name ?? []))];
  const secrets = await Promise.all(names.map((name) => context.get(Secret, name, namespace)));
  return pullCredentials(secrets.flatMap((secret) => (secret ? [secret] : [])));
}

function extendHistory({ spec, status }: ConfigBundle, made: { digest: string; pushedAt: string }): History {
  const before = (status?.history ?? []).filter(({ digest }) => digest !== made.digest);
  return [...before, { ...made, ...(spec.provenance && { provenance: spec.provenance }) }].slice(-HISTORY_LIMIT);
}
