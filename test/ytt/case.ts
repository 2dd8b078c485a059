/** Tables of templates with what they give, or how they fail. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderYtt, YttError } from "#kit/ytt/index.ts";

export type Case = {
  readonly name: string;
  /** Texts by path; they are given in the order of their paths. */
  readonly files?: Readonly<Record<string, string>>;
  /** The only file, `config.yml`. */
  readonly template?: string;
  /** Data values by key. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Data values as plain YAML. */
  readonly valuesYaml?: string;
} & ({ readonly gives: string } | { readonly fails: string });

/** Registers one test per case. */
export function checkCases(topic: string, cases: readonly Case[]): void {
  for (const one of cases) test(`${topic}: ${one.name}`, () => check(one));
}

function check(one: Case): void {
  const texts = one.files ?? { "config.yml": one.template ?? "" };
  const files = Object.keys(texts)
    .sort()
    .map((path) => ({ path, text: texts[path] ?? "" }));
  const render = (): string =>
    renderYtt(files, {
      ...(one.values && { dataValues: one.values }),
      ...(one.valuesYaml !== undefined && { dataValuesYaml: one.valuesYaml }),
    }).text;
  if ("gives" in one) assert.equal(render(), one.gives);
  else assert.throws(render, (error) => error instanceof YttError && same(error.message, one.fails));
}

function same(message: string, expected: string): true {
  assert.equal(message, expected);
  return true;
}
