/** A cluster whose one pod "runs" as plain processes of this machine, for tests of what goes over the wire. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Namespace, Pod } from "#api/builtin/index.ts";
import type { PodStreams } from "#engine/apiserver/start.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { type Cluster, startCluster } from "./cluster.ts";

type RunningContainer = NonNullable<ReturnType<PodStreams["container"]>>;
type ContainerProcess = ReturnType<RunningContainer["attach"]>;

export type StreamsWorld = AsyncDisposable & {
  cluster: Cluster;
  client: KubeClient;
  namespace: string;
  /** Programs that were started, oldest first, with what happened to them. */
  programs: { args: readonly string[]; terminal: boolean; closed: boolean; sizes: unknown[]; child: ChildProcess }[];
  /** Ports of the pod and where they lead; other ports refuse. */
  ports: Map<number, number>;
};

/** Pod `p` with the containers `main` and `side`, of which `side` does not run. */
export async function startStreamsWorld(): Promise<StreamsWorld> {
  const cluster = await startCluster();
  const client = new KubeClient(cluster.inProcess);
  const namespace = "streams";
  const programs: StreamsWorld["programs"] = [];
  const ports = new Map<number, number>();
  const run = (args: readonly string[], terminal: boolean): ContainerProcess => {
    const [file = "", ...rest] = args;
    const child = spawn(file, rest, { stdio: ["pipe", "pipe", "pipe"] });
    const program = { args, terminal, closed: false, sizes: [] as unknown[], child };
    programs.push(program);
    return {
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: terminal ? undefined : child.stderr,
      exited: new Promise((resolve) => {
        child.on("error", () =>
          resolve({ code: 128, startError: `exec: "${file}": executable file not found in $PATH` }),
        );
        child.on("close", (code) => resolve({ code: code ?? 137 }));
      }),
      resize: (size) => program.sizes.push(size),
      close: async () => {
        program.closed = true;
        child.kill("SIGKILL");
      },
    };
  };
  const running: RunningContainer = {
    spawn: (args, { terminal }) => run(args, terminal),
    attach: () => run(["cat"], false),
  };
  cluster.server.setPodStreams({
    logs: async function* () {
      yield Buffer.from("logged\n");
    },
    container: (_namespace, _pod, name) => (name === "main" ? running : undefined),
    connect: async (_namespace, _pod, port) => await dial(ports.get(port), port),
  });
  await client.create(Namespace, { metadata: { name: namespace }, spec: {} });
  await client.create(Pod, {
    metadata: { name: "p", namespace, labels: { app: "p" } },
    spec: {
      nodeName: "here",
      initContainers: [{ name: "first", image: "x" }],
      containers: [
        { name: "main", image: "x", stdin: true, ports: [{ containerPort: 8080 }] },
        { name: "side", image: "x" },
      ],
    },
  });
  const status = { type: "merge" as const, body: { status: { phase: "Running", podIP: "127.0.0.1" } } };
  await client.patch(Pod, { name: "p", namespace }, status, { subresource: "status" });
  return {
    cluster,
    client,
    namespace,
    programs,
    ports,
    [Symbol.asyncDispose]: async () => {
      for (const { child } of programs) child.kill("SIGKILL");
      await cluster[Symbol.asyncDispose]();
    },
  };
}

async function dial(to: number | undefined, port: number): Promise<Duplex> {
  if (to === undefined) throw new Error(`dial tcp 127.0.0.1:${port}: connect: connection refused`);
  const socket = connect({ host: "127.0.0.1", port: to, allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

/** A TCP server on any free port. */
export async function listen(
  serve: (socket: Socket) => void,
): Promise<AsyncDisposable & { port: number; connections: Set<Socket> }> {
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => undefined);
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
