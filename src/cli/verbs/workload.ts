/** `workload …`: the verbs and flags of `tanzu apps workload` that people know, and rerun, pause, resume and rollback. */
import { type Command, Option } from "commander";
import { type ConnectionOptions, withCluster, withConnection } from "../connection.ts";
import { processTerminal } from "../terminal.ts";
import type { ApplyOptions, Mode } from "../workload/apply.ts";
import type { DeleteOptions } from "../workload/delete.ts";
import { withWorkloadFlags } from "../workload/flags.ts";
import type { GetOptions } from "../workload/get.ts";
import type { ListOptions } from "../workload/list.ts";
import type { RollbackOptions } from "../workload/rollback.ts";
import type { TailOptions } from "../workload/tail.ts";

type Asking = { yes?: boolean };

const CHANGES: readonly [mode: Mode, argument: string, description: string][] = [
  ["create", "[name]", "create a workload; flags are laid over --file"],
  ["apply", "[name]", "create a workload or change it; flags are laid over --file, or over what is there"],
  ["update", "[name]", "change a workload that is there"],
];

export function workloadVerbs(program: Command): void {
  const workload = program.command("workload").alias("wld").description("applications, from source to URL");
  for (const [mode, argument, description] of CHANGES)
    changeVerb(withConnection(workload.command(`${mode} ${argument}`)).description(description), mode);
  readVerbs(workload);
  deleteVerb(workload);
  stepVerbs(workload);
}

function changeVerb(command: Command, mode: Mode): void {
  withWorkloadFlags(command)
    .option("-f, --file <file>", "YAML of one workload: a path, a URL, or - for standard input")
    .addOption(
      new Option("--update-strategy <strategy>", "what --file does to fields that only the cluster has")
        .choices(["replace", "merge"])
        .default("replace"),
    )
    .option("--local-path <dir>", "upload this directory as the source, without Git; .slipwayignore leaves files out")
    .option("--registry-username <name>", "user of the registry that --source-image names")
    .option("--registry-password <password>", "its password")
    .option("--registry-token <token>", "token of the registry that --source-image names")
    .addOption(
      new Option(
        "--dry-run [where]",
        "change nothing: client prints the workload, server shows what would become of it",
      ).choices(["client", "server"]),
    )
    .option("--wait", "wait until it is ready or has failed")
    .option("--wait-timeout <duration>", "how long to wait", "10m")
    .option("--tail", "show logs while waiting")
    .option("--tail-timestamp", "show logs with the time of each line while waiting")
    .option("-y, --yes", "do not ask")
    .option("-o, --output <format>", "table, json or yaml")
    .addHelpText("after", APPLY_HELP)
    .action(async (name: string | undefined, _: unknown, self: Command) => {
      const { changeWorkload } = await import("../workload/apply.ts");
      await withCluster<ApplyOptions & Asking & ConnectionOptions>(self, (connection, options) =>
        changeWorkload(connection, processTerminal(options), { mode, name, options }),
      );
    });
}

const APPLY_HELP = `
The difference is shown first; on a terminal a question follows, unless --yes is given.
With --update-strategy replace, what an earlier file said and this one does not is removed; what others set stays.
With --local-path the source is pushed to the platform's registry, or where --source-image says, and
spec.source.image names it by its digest.`;

function readVerbs(workload: Command): void {
  withConnection(workload.command("get <name>"))
    .description("one workload: source, supply chain, delivery, messages, pods, URL")
    .option("--export", "YAML that can be applied again")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (name: string, _: unknown, command: Command) => {
      const { getWorkload } = await import("../workload/get.ts");
      await withCluster<GetOptions>(command, (connection, options) => getWorkload(connection, name, options));
    });
  withConnection(workload.command("list"))
    .description("workloads of a namespace")
    .option("-A, --all-namespaces", "of all namespaces")
    .option("-a, --app <name>", "that are part of an application")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (_: unknown, command: Command) => {
      const { listWorkloads } = await import("../workload/list.ts");
      await withCluster<ListOptions>(command, listWorkloads);
    });
  withConnection(workload.command("tail <name>"))
    .description("follow the logs of a workload's builds and pods")
    .option("--component <name>", "only this component, e.g. build or run")
    .option("-t, --timestamp", "print the time of each line")
    .option("--since <duration>", "only lines newer than this, e.g. 5m", "1h")
    .action(async (name: string, _: unknown, command: Command) => {
      const { tailWorkload } = await import("../workload/tail.ts");
      await withCluster<TailOptions>(command, (connection, options) => tailWorkload(connection, name, options));
    });
}

function deleteVerb(workload: Command): void {
  withConnection(workload.command("delete [names...]"))
    .description("delete workloads and everything made of them")
    .option("--all", "all of the namespace")
    .option("-f, --file <file>", "the workload that a YAML file names")
    .option("--wait", "wait until they are gone")
    .option("--wait-timeout <duration>", "how long to wait", "1m")
    .option("-y, --yes", "do not ask")
    .action(async (names: string[], _: unknown, command: Command) => {
      const { deleteWorkloads } = await import("../workload/delete.ts");
      await withCluster<DeleteOptions & Asking>(command, (connection, options) =>
        deleteWorkloads(connection, processTerminal(options), { names, options }),
      );
    });
}

function stepVerbs(workload: Command): void {
  withConnection(workload.command("rerun <name> [step]"))
    .description("run a step again, by default the first that is not ready; without a change of the source")
    .addHelpText("after", RERUN_HELP)
    .action(async (name: string, step: string | undefined, _: unknown, command: Command) => {
      const { rerunStep } = await import("../workload/rerun.ts");
      await withCluster(command, (connection) => rerunStep(connection, name, step));
    });
  for (const [verb, description] of [
    ["pause", "change nothing for a workload any more, until it is resumed; what runs goes on"],
    ["resume", "go on with a workload that is paused"],
  ] as const)
    withConnection(workload.command(`${verb} <name>`))
      .description(description)
      .action(async (name: string, _: unknown, command: Command) => {
        const { pauseWorkload } = await import("../workload/pause.ts");
        await withCluster(command, (connection) => pauseWorkload(connection, name, verb === "pause"));
      });
  withConnection(workload.command("rollback <name>"))
    .description("go back to the last commit or image that was live")
    .option(
      "--to <commit|revision|image>",
      "to this one: a commit or its beginning, a revision's name, an image digest",
    )
    .option("--wait", "wait until it is ready or has failed")
    .option("--wait-timeout <duration>", "how long to wait", "10m")
    .option("-y, --yes", "do not ask")
    .option("-o, --output <format>", "table, json or yaml")
    .addHelpText("after", ROLLBACK_HELP)
    .action(async (name: string, _: unknown, command: Command) => {
      const { rollbackWorkload } = await import("../workload/rollback.ts");
      await withCluster<RollbackOptions & Asking>(command, (connection, options) =>
        rollbackWorkload(connection, processTerminal(options), { name, options }),
      );
    });
}

const RERUN_HELP = `
How depends on what the step stamped: an Image gets another Build (image.kpack.io/additionalBuildNeeded), a Runnable
and steps that make a new object for every input make another one, Flux sources are asked with
reconcile.fluxcd.io/requestedAt, an Application with argocd.argoproj.io/refresh, everything else is looked at again.`;

const ROLLBACK_HELP = `
It writes into the workload, so that the workload stays the whole truth: spec.source.git.ref.commit, or
spec.source.image, or spec.image. From there on it is a change like any other: the supply chain builds that commit,
and the GitOps repository gets a new commit with the old content; nothing is rewritten. New commits of the branch are
not followed while a commit is pinned. To follow the branch again:

    slipway workload apply NAME --git-branch main

A workload that is itself kept in Git must get the same change there: slipway workload get NAME --export`;
