/** `trace` and `why`: what happened to a commit, and why something is not ready. */
import type { Command } from "commander";
import { clusterReader, readTraceWorld, type Trace, traceCommit, traceWorkload, why } from "#platform/insight/index.ts";
import { type Connection, type ConnectionOptions, connect, withConnection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { findKind } from "../kinds.ts";
import { parseFormat, print, renderTable } from "../print.ts";

type Options = ConnectionOptions & { output?: string };

export function questionVerbs(program: Command): void {
  withConnection(program.command("trace <commit-or-workload>"))
    .description("what became of a commit: image, configuration, revision, live; with times")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (what: string, _options: Options, command: Command) => await trace(what, command.optsWithGlobals()));
  withConnection(program.command("why <kind/name>"))
    .description("why something is not ready: the root cause and what to do")
    .option("-o, --output <format>", "table, json or yaml")
    .action(
      async (what: string, _options: Options, command: Command) => await explain(what, command.optsWithGlobals()),
    );
}

async function trace(what: string, options: Options): Promise<void> {
  const format = parseFormat(options.output);
  await using connection = await open(options);
  const world = await readTraceWorld(clusterReader(connection.client));
  const byCommit = /^[0-9a-f]{4,64}$/.test(what) ? traceCommit(what, world) : [];
  const traces =
    byCommit.length > 0 ? byCommit : traceWorkload(what.replace(/^workload\//, ""), connection.namespace, world);
  if (traces.length === 0)
    throw new CliError(
      "notFound",
      `nothing was built of commit or workload ${what} (namespace ${connection.namespace})`,
      "Name a commit id (4 characters or more) or a workload.",
    );
  print(format, traces, () => traces.map(renderTrace).join("\n\n"));
}

function renderTrace(found: Trace): string {
  const first = found.steps.find(({ at }) => at)?.at;
  const rows = found.steps.map(({ step, what, at }) => [step.toUpperCase(), shorten(what), at ?? "", since(first, at)]);
  return `${found.workload}\n${renderTable([["STEP", "WHAT", "AT", "AFTER"], ...rows])}`;
}

function shorten(what: string): string {
  return what.startsWith("sha256:")
    ? what.slice(0, 7 + 16)
    : /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(what)
      ? what.slice(0, 12)
      : what;
}

function since(start: string | undefined, at: string | undefined): string {
  return start && at ? `${Math.max(0, Date.parse(at) - Date.parse(start))} ms` : "";
}

async function explain(what: string, options: Options): Promise<void> {
  const format = parseFormat(options.output);
  const [kind, name] = what.split("/");
  if (!kind || !name)
    throw new CliError("usage", `"${what}" is not KIND/NAME`, "For example: slipway why workload/hello-web");
  await using connection = await open(options);
  const resource = await findKind(connection.client, kind);
  const object = await connection.client.get(
    resource,
    name,
    resource.scope === "Namespaced" ? connection.namespace : undefined,
  );
  if (!object) throw new CliError("notFound", `${kind} "${name}" not found in namespace ${connection.namespace}`);
  const verdict = await why(object, clusterReader(connection.client));
  print(format, verdict, () => {
    const lines = [`${what}: ${verdict.cause.replaceAll("\n", " ")}`];
    if (verdict.path.length > 1) lines.push(`  path:   ${verdict.path.join(" → ")}`);
    if (verdict.log.length > 0) lines.push("  output:", ...verdict.log.map((line) => `    ${line}`));
    if (verdict.advice) lines.push(`  do:     ${verdict.advice}`);
    return lines.join("\n");
  });
}

async function open(options: Options): Promise<Connection & AsyncDisposable> {
  const connection = await connect(options);
  return { ...connection, [Symbol.asyncDispose]: () => connection.close() };
}
