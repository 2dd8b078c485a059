/** `cluster-supply-chain list|get`, the view of `tanzu apps`, and `supply-chain lint|render|test` for those who write chains. */
import type { Command } from "commander";
import { withCluster, withConnection } from "../connection.ts";
import type { RenderOptions } from "../supply-chain/render.ts";
import type { TestOptions } from "../supply-chain/test.ts";

type Output = { output?: string };

export function supplyChainVerbs(program: Command): void {
  const chains = program.command("cluster-supply-chain").alias("csc").description("the paths that workloads take");
  withConnection(chains.command("list"))
    .description("all supply chains: readiness, age, selector")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (_: unknown, command: Command) => {
      const { listSupplyChains } = await import("../supply-chain/catalog.ts");
      await withCluster<Output>(command, listSupplyChains);
    });
  withConnection(chains.command("get <name>"))
    .description("one supply chain: conditions, selectors, steps")
    .option("-o, --output <format>", "table, json or yaml")
    .action(async (name: string, _: unknown, command: Command) => {
      const { getSupplyChain } = await import("../supply-chain/catalog.ts");
      await withCluster<Output>(command, (connection, options) => getSupplyChain(connection, name, options));
    });
  authorVerbs(program.command("supply-chain").description("write supply chains: check, render and test them"));
}

function authorVerbs(chain: Command): void {
  withConnection(chain.command("lint <files...>"))
    .description("what is wrong with supply chains, deliveries and templates, before they are applied")
    .option("--cluster", "the files may refer to what the cluster has; otherwise to the stock catalog")
    .option("--strict", "warnings fail too")
    .option("-o, --output <format>", "table, json or yaml")
    .addHelpText("after", LINT_HELP)
    .action(async (files: string[], _: unknown, command: Command) => {
      const { lintFiles } = await import("../supply-chain/lint.ts");
      const { clusterCatalog, stockCatalog } = await import("../supply-chain/known.ts");
      const options = command.optsWithGlobals<Output & { cluster?: boolean; strict?: boolean }>();
      if (!options.cluster) return await lintFiles(files, stockCatalog(), options);
      await withCluster(command, async (connection) => lintFiles(files, await clusterCatalog(connection), options));
    });
  chain
    .command("render [files...]")
    .description("the objects that a workload's supply chain stamps, from files alone")
    .requiredOption("-w, --workload <file>", "YAML of the workload")
    .option("--outputs <file>", "YAML with the outputs of steps: {url, revision}, {image} or {config} by step")
    .option("--step <name>", "only this step")
    .option("-o, --output <format>", "table, json or yaml")
    .addHelpText("after", RENDER_HELP)
    .action(async (files: string[], _: unknown, command: Command) => {
      const { renderFiles } = await import("../supply-chain/render.ts");
      await renderFiles(files, command.optsWithGlobals<RenderOptions>());
    });
  chain
    .command("test <dir>")
    .description("run template tests in the folder format of cartotest")
    .option("--junit <file>", "write the results as JUnit XML")
    .option("-v, --verbose", "name and description of every test")
    .option("-o, --output <format>", "table, json or yaml")
    .addHelpText("after", TEST_HELP)
    .action(async (directory: string, _: unknown, command: Command) => {
      const { testTemplates } = await import("../supply-chain/test.ts");
      await testTemplates(directory, command.optsWithGlobals<TestOptions>());
    });
}

const LINT_HELP = `
Folders stand for the YAML files in them. Errors are what the server or a reconciler would refuse, also two chains
that match a workload equally well; warnings are what is likely no intention, such as parameters that nothing uses and
workloads that no option of a step is for. Exit code 1 when there are errors.`;

const RENDER_HELP = `
Templates that the files do not have are those of the stock catalog; without a supply chain in the files, its chains
too. Outputs that are not given appear as stand-ins in angle brackets.`;

const TEST_HELP = `
Every folder without folders in it is a test; what it does not say it has from the folders above.
    info.yaml       metadata, given, expected, focus, compareOptions
    template.yaml   the template, or given.template.path
    template-ytt-values.yaml, supply-chain-ytt-values.yaml
                    values to preprocess them with, or given.template.yttPath and given.supplyChain.yttPath
    workload.yaml   the workload, or given.workload
    expected.yaml   the object that must be stamped, or expected
The supply chain is mocked (given.mockSupplyChain: blueprintInputs, blueprintParams), or read from files
(supply-chain*.yaml, or given.supplyChain.paths) with targetResourceName and previousOutputs.
Labels that stamping adds are compared only when the expected object has any of them.`;
