/** `up`, `down`, `status`, `doctor`: the platform on this machine. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "../errors.ts";
import { dataDirectory, readRunFile } from "../paths.ts";
import type { UpOptions } from "../platform/up.ts";
import { parseFormat, print, renderTable } from "../print.ts";

export function platformVerbs(program: Command): void {
  program
    .command("up")
    .description("start the platform and keep it running")
    .option("--demo", "deploy examples/hello-web and print its URL")
    .option("--detach", "return when the platform is ready; it goes on in the background")
    .option("--port-base <n>", "front door at N, Kubernetes API at N+43, gateway at N+80", parsePort)
    .option("--domain <domain>", "domain of application URLs (default apps.localhost)")
    .option("--no-outbound", "pods do not reach addresses outside of this machine")
    .addOption(
      new Option("--delivery <where>", "where the configuration of workloads goes, unless their params say otherwise")
        .choices(["git", "registry"])
        .default("git"),
    )
    .option("--external-delivery", "workloads are for other clusters: put each Deliverable as text into a ConfigMap")
    .addHelpText("after", UP_HELP)
    .action(async (_: unknown, command: Command) => {
      const { up } = await import("../platform/up.ts");
      await up(command.optsWithGlobals<UpOptions>());
    });
  program
    .command("down")
    .description("stop the platform and everything it runs; its data stays")
    .action(async (_: unknown, command: Command) => {
      const { down } = await import("../platform/down.ts");
      await down(dataDirectory(command.optsWithGlobals<UpOptions>().data, process.env));
    });
  program
    .command("status")
    .description("whether the platform runs, and where everything is")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (_: unknown, command: Command) => await status(command.optsWithGlobals()));
  program
    .command("doctor")
    .description("what this machine offers, and what is missing")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (_: unknown, command: Command) => {
      const { doctor } = await import("../platform/doctor.ts");
      await doctor(parseFormat(command.optsWithGlobals<{ output?: string }>().output));
    });
}

const UP_HELP = `
With --delivery git, configuration is committed to the repository gitops of the platform (GitOps); with registry it is
pushed to its registry as imgpkg bundles (RegistryOps). The choice is that of this start: it changes the defaults of
the params gitops_server_address, gitops_repository_owner and gitops_repository_name of the supply chains.
With --external-delivery, nothing is deployed here: the ConfigMap NAME-deliverable holds what is to be applied elsewhere.`;

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1024 || port > 65_000)
    throw new InvalidArgumentError("must be a port between 1024 and 65000");
  return port;
}

async function status(options: { data?: string; output?: string }): Promise<void> {
  const format = parseFormat(options.output);
  const data = dataDirectory(options.data, process.env);
  const running = await readRunFile(data);
  const phase = running ? ((await isReady(running.endpoints.portal)) ? "Ready" : "Starting") : "Stopped";
  const clusters = running ? [{ name: "main", endpoint: running.endpoints.api, phase }] : [];
  const value = {
    phase,
    data,
    ...(running && {
      pid: running.pid,
      profile: running.profile,
      startedAt: running.startedAt,
      endpoints: running.endpoints,
    }),
    clusters,
  };
  print(format, value, () => {
    if (!running) return `The platform does not run (data in ${data}). Start it with: slipway up`;
    const rows = Object.entries(running.endpoints).map(([name, url]) => [name, url]);
    return `${phase}  (pid ${running.pid}, profile ${running.profile}, data in ${data})\n\n${renderTable([["ENDPOINT", "URL"], ...rows])}`;
  });
  if (!running) throw new CliError("notRunning", "not running");
}

async function isReady(portal: string): Promise<boolean> {
  return await fetch(`${portal}/healthz`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
