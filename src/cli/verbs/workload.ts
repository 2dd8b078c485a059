/** `workload apply|get|list|tail|delete`: the verbs and flags of `tanzu apps workload` that people know. */
import type { Command } from "commander";
import { type Connection, type ConnectionOptions, connect, withConnection } from "../connection.ts";
import { type ApplyOptions, applyWorkload } from "../workload/apply.ts";
import { deleteWorkload, getWorkload, listWorkloads } from "../workload/show.ts";
import { tailWorkload } from "../workload/tail.ts";

type GetOptions = ConnectionOptions & { output?: string; allNamespaces?: boolean };

export function workloadVerbs(program: Command): void {
  const workload = program.command("workload").alias("wld").description("applications, from source to URL");
  const collect = (value: string, all: string[] = []): string[] => [...all, value];

  withConnection(workload.command("apply [name]").alias("create"))
    .description("create a workload or change it; flags are laid over --file")
    .option("-f, --file <file>", "YAML of a workload, - for standard input")
    .option("--git-repo <url>", "Git repository of the source")
    .option("--git-branch <name>", "branch to follow (default main)")
    .option("--git-tag <name>", "tag to build")
    .option("--git-commit <sha>", "commit to build")
    .option("-i, --image <reference>", "image to run instead of building a source")
    .option("-t, --type <type>", "workload type: web, server or worker (default web)")
    .option("-a, --app <name>", "application that the workload is part of")
    .option("-l, --label <key=value>", "label; `key-` removes it", collect)
    .option("-e, --env <key=value>", "environment variable; `key-` removes it", collect)
    .option("--build-env <key=value>", "environment variable of the build; `key-` removes it", collect)
    .option("-p, --param <key=value>", "parameter; `key-` removes it", collect)
    .option("--dry-run", "print the workload and change nothing")
    .option("--wait", "wait until it is ready or has failed")
    .option("-y, --yes", "accepted for compatibility; nothing is asked")
    .option("-o, --output <format>", "table, json or yaml")
    .action((name: string | undefined, _: unknown, command: Command) =>
      withCluster(command, (connection, options: ApplyOptions) => applyWorkload(connection, name, options)),
    );
  withConnection(workload.command("get <name>"))
    .description("one workload: source, steps, messages, pods, URL")
    .option("-o, --output <format>", "table, json or yaml")
    .action((name: string, _: unknown, command: Command) =>
      withCluster(command, (connection, options: GetOptions) => getWorkload(connection, name, options.output)),
    );
  withConnection(workload.command("list"))
    .description("workloads of a namespace")
    .option("-A, --all-namespaces", "of all namespaces")
    .option("-o, --output <format>", "table, json or yaml")
    .action((_: unknown, command: Command) =>
      withCluster(command, (connection, options: GetOptions) =>
        listWorkloads(connection, options.allNamespaces ?? false, options.output),
      ),
    );
  withConnection(workload.command("tail <name>"))
    .description("follow the logs of a workload's build and pods")
    .option("--timestamp", "print the time of each line")
    .option("--since <duration>", "only lines newer than this, e.g. 5m", "1h")
    .action((name: string, _: unknown, command: Command) =>
      withCluster(command, (connection, options: ConnectionOptions & { since: string; timestamp?: boolean }) =>
        tailWorkload(connection, name, options),
      ),
    );
  withConnection(workload.command("delete <name>"))
    .description("delete a workload and everything made of it")
    .option("-y, --yes", "accepted for compatibility; nothing is asked")
    .action((name: string, _: unknown, command: Command) =>
      withCluster(command, (connection) => deleteWorkload(connection, name)),
    );
}

async function withCluster<O extends ConnectionOptions>(
  command: Command,
  work: (connection: Connection, options: O) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<O>();
  const connection = await connect(options);
  try {
    await work(connection, options);
  } finally {
    await connection.close();
  }
}
