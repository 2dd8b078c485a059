/** `kubeconfig` and `token`: how other clients get in. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type ConnectionOptions, connect, notRunning } from "../connection.ts";
import { CliError } from "../errors.ts";
import { dataDirectory, kubeconfigPath, readRunFile } from "../paths.ts";
import { publisherToken } from "../token.ts";

const HOUR = 3600;

export function clusterVerbs(program: Command): void {
  program
    .command("kubeconfig [cluster]")
    .description("print the kubeconfig of a cluster (default main)")
    .action(async (cluster: string | undefined, _: unknown, command: Command) => {
      if (cluster && cluster !== "main")
        throw new CliError("notFound", `there is no cluster "${cluster}"`, "The platform runs one cluster: main.");
      const data = dataDirectory(command.optsWithGlobals<ConnectionOptions>().data, process.env);
      if (!(await readRunFile(data))) throw notRunning(data);
      process.stdout.write(await readFile(kubeconfigPath(data), "utf8"));
    });
  program
    .command("token")
    .description("print a token for pushing to Git and the registry: any user name, the token as password")
    .option("--hours <n>", "how long it is valid", Number, 24)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConnectionOptions & { hours: number }>();
      if (!(options.hours > 0)) throw new CliError("usage", "--hours must be a positive number");
      const connection = await connect(options);
      try {
        console.log(await publisherToken(connection.client, Math.round(options.hours * HOUR)));
      } finally {
        await connection.close();
      }
    });
}
