/** Starts a platform: an embedded cluster with the full profile, and everything around it. */
import { join } from "node:path";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { type Log, runControllers } from "#engine/controller/run.ts";
import { startGateway } from "#engine/gateway/gateway.ts";
import { startRouteSync } from "#engine/gateway/routes.ts";
import { inProcessLifecycle } from "#platform/build/index.ts";
import { createGitPort } from "#ports/git/git.ts";
import { createGitHost } from "#ports/git/host.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { runningNode } from "#ports/oci/base-image/node-layer.ts";
import { createImageSource } from "#ports/oci/unpack/image-source.ts";
import { createToolLauncher } from "#ports/sandbox/tools/launcher.ts";
import { accessByToken } from "./access.ts";
import { followArtifacts } from "./artifacts.ts";
import { GATEWAY_NAME, makePodNetwork } from "./cluster-network.ts";
import { fullProfile } from "./components.ts";
import { instanceOf, openContent, prepareFolders } from "./data.ts";
import { applyDefaults } from "./defaults.ts";
import { type Handler, healthHandler, openFrontDoor } from "./front-door.ts";
import { DEFAULT_GARBAGE, startGarbageCollection } from "./garbage.ts";
import { type HostedGit, hostedGit } from "./hosted-git.ts";
import { imagePushes } from "./image-pushes.ts";
import { sandboxedNpm } from "./npm.ts";
import type { Addresses } from "./ports.ts";
import { startControlPlane } from "./start/control-plane.ts";
import { frontDoorHandlers } from "./start/front-door.ts";
import { startClusterNode } from "./start/node.ts";
import type { Stage } from "./start/stage.ts";
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
  let endpoints: Endpoints | undefined;
  const handlers: Handler[] = [healthHandler(() => endpoints && describe(endpoints))];
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
  const warn: Stage["warn"] = (message, detail) => log("warn", message, detail);
  const stage: Stage = { folders, instance, host: HOST, clock, log, warn, stack };
  const tools = createToolLauncher();
  stack.defer(() => tools.close());
  const connecting = makePodNetwork({ instance, outbound: options.outbound ?? true, tools, log: warn });
  stack.defer(async () => (await connecting).close());
  const control = await step("control plane", () => startControlPlane(stage, addresses.api));
  const { api, client, cache } = control;

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

  const urls = { api: api.url, frontDoor: frontDoor.url, gateway: gateway.url };
  const parts = { network, images, tools, urls };
  const { runtime, agent, connection } = await step("node", () => startClusterNode(stage, control, parts));
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

  handlers.push(...frontDoorHandlers({ content, gitHost, artifacts, pushes, mayDo }));
  endpoints = {
    portal: frontDoor.url,
    git: `${frontDoor.url}/git`,
    registry: registryHost,
    api: api.url,
    gateway: gateway.url,
  };
  return {
    endpoints,
    client,
    cache,
    git: hosted,
    kubeconfig: () => api.kubeconfig("main"),
    close: () => stack.disposeAsync(),
  };
}

function describe(endpoints: Endpoints): string {
  const lines = Object.entries(endpoints).map(([name, url]) => `${name.padEnd(10)}${url}`);
  return `Slipway\n\n${lines.join("\n")}\n`;
}
