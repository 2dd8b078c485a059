/** Results of template tests for people and for CI servers. Pure. */
import type { TestCase } from "./find.ts";
import type { TestResult } from "./run.ts";

export type Tested = { test: TestCase; result: TestResult };

/** One line per test, with the difference below those that failed. */
export function renderResults(tested: readonly Tested[], { verbose }: { verbose: boolean }): string {
  return tested
    .flatMap(({ test, result }) => [
      `${result.passed ? "PASS" : "FAIL"}: ${test.folder}`,
      ...(verbose || !result.passed ? details(test) : []),
      ...(result.problem ? [`  ${result.problem.trim().replaceAll("\n", "\n  ")}`] : []),
      ...(result.diff.length > 0
        ? ["  expected (-) is not what is stamped (+):", ...result.diff.map((line) => `  ${line}`)]
        : []),
    ])
    .join("\n");
}

function details({ name, folder, description }: TestCase): string[] {
  return [...(name === folder ? [] : [`  name: ${name}`]), ...(description ? [`  description: ${description}`] : [])];
}

/** JUnit's XML, as CI servers read it. */
export function renderJunit(suite: string, tested: readonly Tested[]): string {
  const failures = tested.filter(({ result }) => !result.passed).length;
  const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);
  const total = tested.reduce((sum, { result }) => sum + result.milliseconds, 0);
  const cases = tested.map(({ test, result }) => {
    const open = `  <testcase name="${escaped(test.name)}" classname="${escaped(test.folder)}" time="${seconds(result.milliseconds)}"`;
    if (result.passed) return `${open}/>`;
    const text = [result.problem, ...result.diff].filter((line) => line !== undefined).join("\n");
    const message = escaped(result.problem ?? "expected is not what is stamped");
    return `${open}>\n    <failure message="${message}">${escaped(text)}</failure>\n  </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escaped(suite)}" tests="${tested.length}" failures="${failures}" time="${seconds(total)}">`,
    ...cases,
    "</testsuite>",
    "",
  ].join("\n");
}

const ENTITIES: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"\n]/g, (character) => ENTITIES[character] ?? character);
}
