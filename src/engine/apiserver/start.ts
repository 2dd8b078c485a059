/** Starts an API server: one embedded cluster's control plane. */
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { renderYaml } from "#kit/yaml.ts";
import type { Transport } from "#ports/kube/transport.ts";
import type { Store } from "#ports/store/store.ts";
import type { ResolveService } from "./admission/client.ts";
import { loadPki, type Pki } from "./auth/pki.ts";
import { ISSUER, loadTokens } from "./auth/tokens.ts";
import { createBackups } from "./backup.ts";
import { publishOwnService } from "./discovery/own-service.ts";
import { startLifecycle } from "./lifecycle/index.ts";
import { pooledRandomBytes } from "./random.ts";
import { createServer } from "./server.ts";
import type { PodStreams } from "./streams/pod-streams.ts";
import { listen } from "./wire/https.ts";
import { inProcessTransport } from "./wire/in-process.ts";

export type { PodStreams } from "./streams/pod-streams.ts";

export type ApiServerOptions = {
  /** The server closes it when it is closed itself. */
  store: Store;
  /** Folder in which `pki` with keys and certificates is kept. */
  dataDir: string;
  /** 0 takes any free port. */
  port: number;
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** Further names and addresses for the server's certificate. */
  hostNames?: readonly string[];
  /** How admission webhooks behind a service are reached. Default: through the endpoints of its object. */
  resolveService?: ResolveService;
  /**
   * Whether the server also does what a controller manager does: fill and empty namespaces, collect what owners leave
   * behind, give pods a service account. Default true.
   */
  controllers?: boolean;
  clock?: () => Date;
  randomBytes?: (length: number) => Uint8Array;
};

export interface ApiServer {
  readonly url: string;
  /** The certificate authority that clients need to trust. */
  readonly caPem: string;
  /** In process, as cluster administrator. */
  transport(): Transport;
  /** A kubeconfig (YAML) of a cluster administrator. `name` names its cluster, user and context. */
  kubeconfig(name?: string): string;
  /** A bearer token for a user, for example `system:serviceaccount:default:builder`. */
  issueToken(user: { name: string; groups: readonly string[] }, ttlSeconds: number): Promise<string>;
  /** The user of a valid token. */
  authenticateToken(token: string): Promise<{ username: string; groups: readonly string[] } | undefined>;
  /** Connects whoever runs the containers, so that logs can be read and pods be connected to. */
  setPodStreams(streams: PodStreams | undefined): void;
  /** Ends all watches and connections, writes what is outstanding, closes the store. */
  close(): Promise<void>;
}

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];
const ADMIN = { username: "system:admin", groups: ["system:masters", "system:authenticated"] };

/**
 * Resolves when the server answers requests. Rejects when the port is taken or the store cannot be read; what it had begun
 * by then is ended, and the store closed if it could be read.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const stack = new AsyncDisposableStack();
  try {
    return await assemble(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function assemble(options: ApiServerOptions, stack: AsyncDisposableStack): Promise<ApiServer> {
  const { clock = () => new Date(), randomBytes = pooledRandomBytes(), host = "127.0.0.1", hostNames = [] } = options;
  const folder = join(options.dataDir, "pki");
  const hosts = [...new Set([...LOOPBACK, ...(host === "0.0.0.0" || host === "::" ? [] : [host]), ...hostNames])];
  const pki = await loadPki(folder, { hosts, now: clock(), randomBytes });
  const tokens = await loadTokens(folder, clock);
  const { store, resolveService, controllers = true } = options;
  const backups = await createBackups(join(options.dataDir, "backups"), (file) => store.backup(file));
  const server = createServer({ store, clock, randomBytes, tokens, backups, resolveService, controllers });
  stack.defer(() => server.objects.close());
  const caPem = pki.authority.cert;
  const lifecycle = await startLifecycle({
    core: server,
    registry: server.registry,
    handle: server.handle,
    caPem,
    controllers,
  });
  stack.defer(() => lifecycle.close());
  stack.defer(() => server.admission.close());
  const https = await listen({ server, pki, port: options.port, host });
  stack.defer(() => https.close());
  const url = urlOf(https.address);
  server.url = url;
  await publishOwnService(server.handle, reachable(https.address.address), https.address.port);
  return {
    url,
    caPem,
    transport: () => inProcessTransport(server, ADMIN),
    kubeconfig: (name = "slipway") => renderKubeconfig(name, url, pki),
    issueToken: ({ name, groups }, ttlSeconds) =>
      tokens.sign({ sub: name, aud: [ISSUER], groups: [...groups] }, ttlSeconds),
    authenticateToken: async (token) => (await server.identity.authenticate(token))?.user,
    setPodStreams: (streams) => {
      server.podStreams = streams;
    },
    close: () => stack.disposeAsync(),
  };
}

/** An address that stands for all addresses of the machine is reached through its own. */
function reachable(address: string): string {
  return address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
}

function urlOf({ address, port }: AddressInfo): string {
  const host = reachable(address);
  return `https://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
}

function renderKubeconfig(name: string, server: string, { authority, admin }: Pki): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return renderYaml({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(authority.cert) } }],
    users: [{ name, user: { "client-certificate-data": base64(admin.cert), "client-key-data": base64(admin.key) } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: "default" } }],
    "current-context": name,
  });
}
