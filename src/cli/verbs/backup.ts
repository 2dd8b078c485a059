/** `backup` and `restore`: all objects of the embedded cluster in one file. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { type ConnectionOptions, connect } from "../connection.ts";
import { CliError } from "../errors.ts";
import { dataDirectory, readRunFile } from "../paths.ts";
import { parseFormat, print } from "../print.ts";

type Options = ConnectionOptions & { output?: string };

const WHAT_IS_NOT_IN_IT =
  "The file holds every object of the cluster. Repositories, images and keys are the folders git, blobs and pki of the data directory: copy them beside it.";

export function backupVerbs(program: Command): void {
  program
    .command("backup <file>")
    .description("write all objects of the running platform into a file, while it goes on")
    .option("-o, --output <format>", "table, json or yaml")
    .addHelpText("after", `\n${WHAT_IS_NOT_IN_IT}`)
    .action(async (file: string, _: unknown, command: Command) => await backup(file, command.optsWithGlobals()));
  program
    .command("restore <file>")
    .description("put the objects of a backup in the place of those of a platform that is stopped")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (file: string, _: unknown, command: Command) => await restore(file, command.optsWithGlobals()));
}

/** The file appears under its name when it is whole. */
async function backup(file: string, options: Options): Promise<void> {
  const format = parseFormat(options.output);
  const connection = await connect(options);
  const partial = `${file}.partial`;
  const target = createWriteStream(partial, { mode: 0o600 });
  try {
    await pipeline(await connection.client.transport.stream({ method: "GET", path: "/backup" }), target);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
    await connection.close();
  }
  const bytes = target.bytesWritten;
  print(format, { file, bytes }, () => `${file} written (${(bytes / 1024).toFixed(0)} KiB)\n${WHAT_IS_NOT_IN_IT}`);
}

async function restore(file: string, options: Options): Promise<void> {
  const format = parseFormat(options.output);
  const data = dataDirectory(options.data, process.env);
  const running = await readRunFile(data);
  if (running)
    throw new CliError("failed", `the platform runs (pid ${running.pid})`, "Stop it first with: slipway down");
  const { restoreObjects } = await import("#profiles/restore.ts");
  const restored = await restoreObjects(file, data);
  print(format, { file, data, ...restored }, () => `${restored.objects} objects restored. Start with: slipway up`);
}
