/** Template tests in a folder: every folder without folders in it is one; what it does not say it has from the folders above. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { CliError } from "../../errors.ts";
import { parseDocuments } from "../../input.ts";
import { type CompareOptions, compareOptionsOf, parseInfo, type TestInfo } from "./info.ts";

export type TestCase = {
  /** The folder, relative to the one that was searched. */
  folder: string;
  name: string;
  description: string;
  focus: boolean;
  /** Paths of files; undefined when neither the folder nor one above it has any. */
  template: string | undefined;
  templateValues: string | undefined;
  workload: string | undefined;
  expected: string | undefined;
  chains: string[];
  chainValues: string | undefined;
  given: NonNullable<TestInfo["given"]>;
  compare: CompareOptions;
};

const NONE: Omit<TestCase, "folder" | "name" | "description" | "focus"> = {
  template: undefined,
  templateValues: undefined,
  workload: undefined,
  expected: undefined,
  chains: [],
  chainValues: undefined,
  given: {},
  compare: {},
};

/** In the order of the folders' names. Throws CliError when there is none. */
export async function findTestCases(directory: string): Promise<TestCase[]> {
  const cases = await visit(directory, directory, NONE);
  if (cases.length === 0) throw new CliError("usage", `${directory} holds no tests`);
  return cases;
}

async function visit(root: string, folder: string, above: typeof NONE): Promise<TestCase[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => {
    throw new CliError("usage", `cannot read ${folder}: ${error.message}`);
  });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
  const info = await readInfo(folder, files);
  const own = inherit(folder, files, info, above);
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  if (folders.length > 0)
    return (await Promise.all(folders.map((name) => visit(root, join(folder, name), own)))).flat();
  const name = relative(root, folder) || ".";
  const { name: title = name, description = "" } = info.metadata ?? {};
  return [{ ...own, folder: name, name: title, description, focus: info.focus ?? false }];
}

async function readInfo(folder: string, files: readonly string[]): Promise<TestInfo> {
  if (!files.includes("info.yaml")) return {};
  const path = join(folder, "info.yaml");
  return parseInfo(parseDocuments(await readFile(path, "utf8"), path)[0], path);
}

function inherit(folder: string, files: readonly string[], info: TestInfo, above: typeof NONE): typeof NONE {
  const { workload, template, supplyChain, mockSupplyChain } = info.given ?? {};
  const file = (named: string | undefined, usual: string): string | undefined =>
    named === undefined ? (files.includes(usual) ? join(folder, usual) : undefined) : join(folder, named);
  const chains = supplyChain?.paths ?? files.filter((name) => /^supply-chain(?!-ytt-values).*\.yaml$/.test(name));
  return {
    template: file(template?.path, "template.yaml") ?? above.template,
    templateValues: file(template?.yttPath, "template-ytt-values.yaml") ?? above.templateValues,
    workload: file(workload, "workload.yaml") ?? above.workload,
    expected: file(info.expected, "expected.yaml") ?? above.expected,
    chains: chains.length > 0 ? chains.map((path) => join(folder, path)) : above.chains,
    chainValues: file(supplyChain?.yttPath, "supply-chain-ytt-values.yaml") ?? above.chainValues,
    given: {
      ...above.given,
      ...(mockSupplyChain && { mockSupplyChain }),
      ...(supplyChain && { supplyChain: { ...above.given.supplyChain, ...supplyChain } }),
    },
    compare: { ...above.compare, ...compareOptionsOf(info) },
  };
}
