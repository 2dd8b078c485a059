/** `convention preview|list`: what operators want of every pod, and what a change of it would do. */
import type { Command } from "commander";
import { type ConnectionOptions, withCluster, withConnection } from "../connection.ts";

type Options = ConnectionOptions & { output?: string };

export function conventionVerbs(program: Command): void {
  const convention = program.command("convention").description("what operators want of every pod");
  withConnection(convention.command("preview <file>"))
    .description("what the conventions of a YAML file (- for standard input) would change; nothing is written")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (file: string, _: unknown, command: Command) => {
      const { previewConvention } = await import("../convention/preview.ts");
      await withCluster<Options>(command, (connection, { output }) => previewConvention(connection, file, output));
    });
  withConnection(convention.command("list"))
    .description("all conventions, in the order in which they are applied")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (_: unknown, command: Command) => {
      const { showConventions } = await import("../convention/list.ts");
      await withCluster<Options>(command, (connection, { output }) => showConventions(connection, output));
    });
}
