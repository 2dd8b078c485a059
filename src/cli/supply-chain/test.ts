/** `supply-chain test`: template tests in the folder format of cartotest. */
import { writeFile } from "node:fs/promises";
import { CliError } from "../errors.ts";
import { parseFormat, print } from "../print.ts";
import { findTestCases } from "./test-case/find.ts";
import { renderJunit, renderResults, type Tested } from "./test-case/report.ts";
import { runTestCase } from "./test-case/run.ts";

export type TestOptions = { output?: string; junit?: string; verbose?: boolean };

/** Throws CliError when a test fails, and when some are focused: a suite that leaves out tests is no success. */
export async function testTemplates(directory: string, options: TestOptions): Promise<void> {
  const format = parseFormat(options.output);
  const all = await findTestCases(directory);
  const focused = all.filter(({ focus }) => focus);
  const tested: Tested[] = [];
  for (const test of focused.length > 0 ? focused : all)
    tested.push({ test, result: await runTestCase(test, () => performance.now()) });
  if (options.junit) await writeFile(options.junit, renderJunit(directory, tested));
  const values = tested.map(({ test, result }) => ({
    folder: test.folder,
    name: test.name,
    description: test.description,
    ...result,
  }));
  print(format, values, () => renderResults(tested, { verbose: options.verbose ?? false }));
  const failed = tested.filter(({ result }) => !result.passed).length;
  if (failed > 0) throw new CliError("failed", `${failed} of ${tested.length} tests failed`);
  if (focused.length > 0)
    throw new CliError(
      "failed",
      `only the ${focused.length} focused of ${all.length} tests ran`,
      "Remove focus: true from their info.yaml.",
    );
  if (format === "table") console.log("PASS");
}
