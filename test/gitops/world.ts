/** GitOps on a real API server, with a Git host and a registry of its own; the control namespace is `argocd`. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppProject } from "#api/argoproj.io/app-project.ts";
import { Application } from "#api/argoproj.io/application.ts";
import { CustomResourceDefinition, Namespace } from "#api/builtin/index.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import type { Resource } from "#api/define.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { gitopsControllers } from "#platform/gitops/index.ts";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { createGitPort, type GitPort } from "#ports/git/git.ts";
import { createGitHost, type GitHost } from "#ports/git/host.ts";
import { KubeClient } from "#ports/kube/client.ts";
import type { Transport } from "#ports/kube/transport.ts";
import { publishBundle, writeBundle } from "#ports/oci/bundle.ts";
import { Registry } from "#ports/oci/registry/registry.ts";
import { memoryStore } from "#ports/store/memory.ts";

export type World = {
  host: GitHost;
  git: GitPort;
  client: KubeClient;
  running: Running;
  /** The repository over HTTP, as if it were somebody else's. */
  url: string;
  /** Puts files under the tag `live` of a repository of the embedded registry; returns the manifest's digest. */
  pushImage: (repository: string, files: Record<string, string>) => Promise<string>;
  /** Starts a second set of controllers with nothing in memory; returns what it wrote until it was quiet. */
  restart: () => Promise<string[]>;
  /** Commits a directory's files; returns the commit. */
  push: (directory: string, files: Record<string, string>) => Promise<string>;
  /** What was logged as a warning or worse. */
  warnings: string[];
  close: () => Promise<void>;
};

/** Starts it all, with the namespaces `argocd` and `dev`. */
export async function startWorld(): Promise<World> {
  const warnings: string[] = [];
  const log = (level: string, message: string): void => {
    if (level === "warn" || level === "error") warnings.push(message);
  };
  const directory = await mkdtemp(join(tmpdir(), "slipway-gitops-"));
  const host = await createGitHost({ directory: join(directory, "git"), authorize: async () => true });
  const git = createGitPort({
    cacheDirectory: join(directory, "mirrors"),
    onCommit: (path, update) => host.announce(path, update),
  });
  await host.create("config");
  const server = await startApiServer({ store: memoryStore(), dataDir: directory, port: 0 });
  const client = new KubeClient(server.transport());
  for (const kind of [Application, AppProject])
    await client.create(CustomResourceDefinition, toCustomResourceDefinition(kind as Resource) as never);
  const cache = new ObjectCache(client, { onError: (error) => warnings.push(String(error)) });
  const embedded = (url: string) => (url === "http://slipway/git/config.git" ? host.path("config") : undefined);
  const index = await NameIndex.open(join(directory, "names.log"));
  const registry = new Registry(await BlobStore.open(join(directory, "blobs")), index);
  const imageListeners = new Set<(push: { repository: string }) => void>();
  const dependencies = {
    git,
    embedded,
    onPush: (listener: Parameters<GitHost["onPush"]>[0]) => host.onPush(listener),
    images: { registry, localHosts: ["registry.slipway:1"] },
    onImagePush: (listener: (push: { repository: string }) => void) => {
      imageListeners.add(listener);
      return () => imageListeners.delete(listener);
    },
  };
  const controllers = gitopsControllers({ ...dependencies, cache, controlNamespace: "argocd" });
  const running = runControllers(cache, controllers, { log });
  const web = createServer((req, res) => void host.handle(req, res));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  for (const name of ["argocd", "dev"]) await ensureNamespace(client, name);
  const close = async (): Promise<void> => {
    await running.close();
    web.closeAllConnections();
    web.close();
    cache.close();
    await server.close();
    git.close();
    await index.close();
    await rm(directory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/git/config.git`;
  const restart = async (): Promise<string[]> => {
    await running.settle();
    const writes: string[] = [];
    const second = new ObjectCache(new KubeClient(recording(server.transport(), writes)));
    const again = runControllers(
      second,
      gitopsControllers({ ...dependencies, cache: second, controlNamespace: "argocd" }),
      { log },
    );
    await second.informer(Application).ready();
    await again.settle();
    await again.close();
    second.close();
    return writes;
  };
  const pushImage = async (repository: string, files: Record<string, string>): Promise<string> => {
    const bundle = await writeBundle(registry.blobs, { files, images: [], labels: {} });
    await publishBundle({ host: "registry.slipway:1", repository, tag: "live" }, bundle, registry);
    for (const tell of imageListeners) tell({ repository });
    return bundle.digest;
  };
  const push = async (directory: string, files: Record<string, string>): Promise<string> => {
    const { commit } = await git.commitFiles(
      { path: host.path("config") },
      {
        branch: "main",
        directory,
        files: new Map(Object.entries(files)),
        message: `change ${directory}`,
        author: { name: "a", email: "a@b" },
        time: new Date(),
      },
    );
    return commit.id;
  };
  return { host, git, client, running, url, pushImage, restart, push, warnings, close };
}

/** The same transport, with every write noted, dry runs too. */
function recording(transport: Transport, writes: string[]): Transport {
  return {
    request: (request) => {
      if (request.method !== "GET")
        writes.push(
          `${request.query?.dryRun ? "dry " : ""}${request.method} ${request.path} ${JSON.stringify(request.body)}`,
        );
      return transport.request(request);
    },
    watch: (request) => transport.watch(request),
    stream: (request) => transport.stream(request),
    as: async (account) => recording(await transport.as(account), writes),
    close: () => transport.close(),
  };
}

async function ensureNamespace(client: KubeClient, name: string): Promise<void> {
  await client.apply(Namespace, { metadata: { name } } as never);
}
