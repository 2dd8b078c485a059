/** `slipway doctor`: what the machine offers, and what is missing. */
import { examineMachine } from "#profiles/doctor.ts";
import { CliError } from "../errors.ts";
import { type OutputFormat, print, renderTable } from "../print.ts";

export async function doctor(format: OutputFormat): Promise<void> {
  const findings = await examineMachine();
  print(format, findings, () => {
    const rows = findings.map(({ check, result }) => [check, result]);
    const problems = findings.flatMap((finding) => finding.problems.map((problem) => `  ${finding.check}: ${problem}`));
    const table = renderTable([["CHECK", "RESULT"], ...rows]);
    return problems.length > 0 ? `${table}\n\nWhat could be better:\n${problems.join("\n")}` : table;
  });
  if (findings.some(({ result }) => result === "none")) throw new CliError("failed", "pods cannot run on this machine");
}
