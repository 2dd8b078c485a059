/** Starts a platform: an embedded cluster with the full profile, and everything around it. */
import { hostname } from "node:os";
import { join } from "node:path";
import { type PodStreams, startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Log, runControllers } from "#engine/controller/run.ts";
import { startGateway } from "#engine/gateway/gateway.ts";
import { startRouteSync } from "#engine/gateway/routes.ts";
import { parseLogOptions } from "#engine/node/logs.ts";
import { type NodeAgent, startNode } from "#engine/node/node.ts";
import { startScheduler } from "#engine/scheduler/scheduler.ts";
import { inProcessLifecycle } from "#platform/build/index.ts";
import { serveArtifacts } from "#platform/source/index.ts";
import { createGitPort } from "#ports/git/git.ts";
import { createGitHost } from "#ports/git/host.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { runningNode } from "#ports/oci/base-image/node-layer.ts";
import { createRegistryHandler } from "#ports/oci/registry/handler.ts";
import { createImageSource } from "#ports/oci/unpack/image-source.ts";
import { detectRuntime } from "#ports/sandbox/detect.ts";
import { dial } from "#ports/sandbox/dial.ts";
import { detectMemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import { createToolLauncher } from "#ports/sandbox/tools/launcher.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { accessByToken } from "./access.ts";
import { followArtifacts } from "./artifacts.ts";
import { apiNames, connectCluster, GATEWAY_NAME, makePodNetwork } from "./cluster-network.ts";
import { fullProfile } from "./components.ts";
import { instanceOf, openContent, prepareFolders } from "./data.ts";
import { applyDefaults, applyDefinitions } from "./defaults.ts";
import { type Handler, healthHandler, openFrontDoor } from "./front-door.ts";
import { DEFAULT_GARBAGE, startGarbageCollection } from "./garbage.ts";
import { type HostedGit, hostedGit } from "./hosted-git.ts";
import { imagePushes } from "./image-pushes.ts";
import { sandboxedNpm } from "./npm.ts";
import type { Addresses } from "./ports.ts";
import { trafficRelay } from "./traffic.ts";

export type PlatformOptions = {
  dataDir: string;
  addresses: Addresses;
  /** Domain of application URLs. */
  domain: string;
  profile: "full";
  /** Where configuration goes unless a workload says otherwise: into the platform's GitOps repository, or as bundles into its registry. */
  delivery?: "git" | "registry";
  /** Whether pods reach addresses outside of this machine, where that can be done. Default: yes. */
  outbound?: boolean;
  /** Workloads are for other clusters: their Deliverables are put as text into ConfigMaps. */
  externalDelivery?: boolean;
  /** Wraps each step of the start, to show progress. */
  step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  log: Log;
  clock?: () => Date;
};

export type Endpoints = { portal: string; git: string; registry: string; api: string; gateway: string };

export type Platform = {
  endpoints: Endpoints;
  client: KubeClient;
  cache: ObjectCache;
  git: HostedGit;
  kubeconfig(): string;
  /** Ends pods, servers and threads in the order in which nothing is lost. */
  close(): Promise<void>;
};

const HOST = "127.0.0.1";
/** The repository that configuration goes to unless a workload says otherwise: each namespace has a directory in it. */
const GITOPS_REPOSITORY = "gitops";

/** Resolves when every part is ready. What was started is closed again when a later part fails. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const stack = new AsyncDisposableStack();
  try {
    return await assemble(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function assemble(options: PlatformOptions, stack: AsyncDisposableStack): Promise<Platform> {
  const { addresses, domain, log, step, clock = () => new Date() } = options;
  const handlers: Handler[] = [];
  let ready = false;
  const frontDoor = await openFrontDoor({
    host: HOST,
    port: addresses.frontDoor,
    handlers,
    onError: (error) => log("error", "front door", { error: String(error) }),
  });
  stack.defer(() => frontDoor.close());
  const registryHost = new URL(frontDoor.url).host;

  const folders = await prepareFolders(options.dataDir);
  const instance = instanceOf(folders.root);
  const warn = (message: string, detail?: Record<string, unknown>): void => log("warn", message, detail);
  const tools = createToolLauncher();
  stack.defer(() => tools.close());
  const connecting = makePodNetwork({ instance, outbound: options.outbound ?? true, tools, log: warn });
  stack.defer(async () => (await connecting).close());
  const { api, client, cache } = await step("control plane", async () => {
    const store = sqliteStore(folders.store);
    const api = await startApiServer({
      store,
      dataDir: folders.root,
      port: addresses.api,
      host: HOST,
      hostNames: apiNames(instance),
      clock,
    });
    stack.defer(() => api.close());
    const client = new KubeClient(api.transport());
    const cache = new ObjectCache(client, {
      onError: (error, { kind }) => log("warn", `watching ${kind}: ${String(error)}`),
    });
    stack.defer(() => cache.close());
    await applyDefinitions(client);
    return { api, client, cache };
  });

  const mayDo = accessByToken(api);
  const content = await openContent(folders, clock);
  stack.defer(() => content.index.close());
  const gitHost = await createGitHost({
    directory: folders.git,
    authorize: (header, _repository, action) => mayDo(header, action),
  });
  const git = createGitPort({
    cacheDirectory: folders.gitCache,
    onCommit: (path, update) => gitHost.announce(path, update),
  });
  stack.defer(() => git.close());
  const hosted = hostedGit(gitHost, git, frontDoor.url, clock);
  const artifacts = followArtifacts(cache, content.index, frontDoor.url);
  stack.defer(() => artifacts.close());
  const pushes = imagePushes();
  const images = await createImageSource({
    blobs: content.blobs,
    directory: folders.layers,
    registry: content.registry,
    localHosts: [registryHost],
  });

  const network = await connecting;
  const relay = trafficRelay();
  const gateway = await step("gateway", async () => {
    const { entrance } = network;
    const gateway = await startGateway({ host: HOST, port: addresses.gateway, entrance, ...relay.callbacks });
    stack.defer(() => gateway.close());
    const routes = await startRouteSync({ cache, gateway, clock, internalName: GATEWAY_NAME });
    stack.defer(() => routes.close());
    return gateway;
  });

  const { runtime, agent, connection } = await step("node", async () => {
    const urls = { api: api.url, frontDoor: frontDoor.url, gateway: gateway.url };
    const [sandbox, connection] = await Promise.all([
      detectRuntime({ directory: folders.sandbox, tools }),
      connectCluster({ cache, network, urls, log: warn }),
    ]);
    stack.defer(() => connection.close());
    if (!sandbox.runtime) throw new Error(`pods cannot run here: ${sandbox.problems.join("; ")}`);
    const agent = await startNode({
      client,
      cache,
      runtime: sandbox.runtime,
      network,
      images,
      layers: images,
      memory: await detectMemoryVolumes(),
      dataDir: folders.node,
      nodeName: nodeName(),
      nameServer: connection.nameServer,
      clock,
      log: warn,
    });
    stack.defer(() => agent.close());
    const scheduler = await startScheduler({ cache, clock, log: warn });
    stack.defer(() => scheduler.close());
    return { runtime: sandbox.runtime, agent, connection };
  });
  api.setPodStreams(podStreams(agent, network, clock));
  const garbage = startGarbageCollection({
    ...{ client, content, artifacts, clock, log },
    nodeImages: () => agent.images(),
    setting: DEFAULT_GARBAGE,
  });
  stack.defer(() => garbage.close());

  await step("components", async () => {
    await hosted.ensure(GITOPS_REPOSITORY);
    const gitops = options.delivery === "registry" ? {} : { gitopsRepository: hosted.url(GITOPS_REPOSITORY) };
    await applyDefaults(client, { registryHost, externalDelivery: options.externalDelivery ?? false, ...gitops });
    await connection.publish();
    const node = runningNode();
    const lifecycle = inProcessLifecycle({
      blobs: content.blobs,
      registry: content.registry,
      registryHost,
      cache: content.layerCache,
      workDirectory: folders.work,
      node,
      npmEnv: {},
      runNpm: sandboxedNpm({ runtime, node: node.path, directory: join(folders.root, "cache"), env: process.env }),
      artifactBlob: (url) => artifacts.findByUrl(url),
    });
    const url = (name: string, namespace: string): string => `http://${name}.${namespace}.${domain}:${gateway.port}`;
    const deps = {
      cache,
      content,
      git,
      gitHost,
      images,
      lifecycle,
      traffic: relay.portOf(gateway),
      frontDoorUrl: frontDoor.url,
      imagePushes: pushes,
      embedded: hosted.embedded,
      isShared: (address: string) => hosted.embedded(address) === gitHost.path(GITOPS_REPOSITORY),
      url,
    };
    const running = runControllers(cache, fullProfile(deps), { clock, log });
    stack.defer(() => running.close());
  });

  const endpoints: Endpoints = {
    portal: frontDoor.url,
    git: `${frontDoor.url}/git`,
    registry: registryHost,
    api: api.url,
    gateway: gateway.url,
  };
  handlers.push(
    pushes.watch(
      createRegistryHandler({
        registry: content.registry,
        authorize: (token, action) => mayDo(token, action === "push" ? "write" : "read"),
      }),
    ),
    (request, response) => gitHost.handle(request, response),
    serveArtifacts({
      find: async (path) => {
        const digest = artifacts.find(path);
        const size = digest === undefined ? undefined : await content.blobs.size(digest);
        return digest !== undefined && size !== undefined ? { digest, size } : undefined;
      },
      open: (digest) => content.blobs.stream(digest),
    }),
    healthHandler(
      () => ready,
      () => describe(endpoints),
    ),
  );
  ready = true;
  return {
    endpoints,
    client,
    cache,
    git: hosted,
    kubeconfig: () => api.kubeconfig("main"),
    close: () => stack.disposeAsync(),
  };
}

function nodeName(): string {
  return (
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, "-") || "node"
  );
}

/** The node as the API server knows it. */
function podStreams(agent: NodeAgent, { sockets, entrance }: PodNetwork, clock: () => Date): PodStreams {
  return {
    logs: (namespace, pod, container, query, signal) =>
      agent.logs(namespace, pod, container, parseLogOptions(query, clock().getTime()), signal),
    container: (namespace, pod, container) => agent.container(namespace, pod, container),
    connect: (namespace, pod, port) => agent.connect(namespace, pod, port),
    ...(entrance && { dial: ({ host: ip, port }) => dial(sockets, { ip, port }) }),
  };
}

function describe(endpoints: Endpoints): string {
  const lines = Object.entries(endpoints).map(([name, url]) => `${name.padEnd(10)}${url}`);
  return `Slipway\n\n${lines.join("\n")}\n`;
}
