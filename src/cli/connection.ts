/** From the command line to a cluster: the kubeconfig of the running platform, or the one that the user names. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { KubeClient } from "#ports/kube/client.ts";
import { httpTransport } from "#ports/kube/http.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { CliError } from "./errors.ts";
import { dataDirectory, kubeconfigPath, readRunFile } from "./paths.ts";

export type ConnectionOptions = { data?: string; kubeconfig?: string; context?: string; namespace?: string };

/** A client and the namespace to work in. */
export type Connection = {
  client: KubeClient;
  namespace: string;
  /** `host:port` of the platform's own registry; undefined for clusters that a kubeconfig names. */
  registry?: string | undefined;
  close(): Promise<void>;
};

/** Adds the options that every verb that talks to a cluster takes. */
export function withConnection(command: Command): Command {
  return command
    .option("-n, --namespace <name>", "namespace (default: that of the context, or default)")
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <file>", "kubeconfig of another cluster (default: the running platform)");
}

/** Connects as the options say. Throws CliError when no platform runs and no kubeconfig is named. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { text, registry } = await findCluster(options);
  const { namespace, ...server } = parseKubeconfig(text, options.context);
  const transport = httpTransport(server);
  return {
    client: new KubeClient(transport, "slipway-cli"),
    namespace: options.namespace ?? namespace ?? "default",
    registry,
    close: () => transport.close(),
  };
}

/** Connects, works, and closes the connection again. */
export async function withCluster<O>(
  command: Command,
  work: (connection: Connection, options: O) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<O & ConnectionOptions>();
  const connection = await connect(options);
  try {
    await work(connection, options);
  } finally {
    await connection.close();
  }
}

async function findCluster(options: ConnectionOptions): Promise<{ text: string; registry?: string }> {
  const { kubeconfig } = options;
  if (kubeconfig) {
    const text = await readFile(kubeconfig, "utf8").catch((error: Error) => {
      throw new CliError("usage", `cannot read kubeconfig ${kubeconfig}: ${error.message}`);
    });
    return { text };
  }
  const data = dataDirectory(options.data, process.env);
  const running = await readRunFile(data);
  if (!running) throw notRunning(data);
  return { text: await readFile(kubeconfigPath(data), "utf8"), registry: running.endpoints.registry };
}

export function notRunning(data: string): CliError {
  return new CliError(
    "notRunning",
    `no platform runs with data in ${data}`,
    "Start one with `npm start` or `slipway up`, or name its data directory with --data.",
  );
}
