/** `@ytt:yaml`. */
import type { Budget } from "../budget.ts";
import { Fault } from "../errors.ts";
import type { Value } from "../starlark/values.ts";
import { toPlainValue } from "../template/conversion.ts";
import { toValue } from "../template/fragment.ts";
import { toPlain } from "../tree/convert.ts";
import { DocumentNode, DocumentSet, isEmptyDocument, type Plain } from "../tree/nodes.ts";
import { readYaml } from "../tree/read.ts";
import { emitYaml } from "../yaml/emitter.ts";
import { asString, makeModule, only } from "./define.ts";

/** Documents as text with `---` between; empty ones are left out. */
export function printDocuments(documents: readonly DocumentNode[], budget: Budget): string {
  return documents
    .filter((document) => !document.injected && !isEmptyDocument(document))
    .map(({ value }) => emitYaml(toPlain(value), budget))
    .join("---\n");
}

/** A value as YAML text. */
export function encodeYaml(value: Value, budget: Budget): string {
  const plain = toPlainValue(value, budget);
  return printDocuments(plain instanceof DocumentSet ? plain.items : [new DocumentNode(plain)], budget);
}

/** Text of exactly one document as a plain value. Throws Fault. */
export function decodeYamlPlain(text: string, budget: Budget): Plain {
  const documents = readYaml(text, { file: "", budget, withoutComments: true }).items;
  const [document] = documents;
  if (!document || documents.length !== 1) throw new Fault("Expected to find exactly one YAML document");
  return toPlain(document.value);
}

export const YAML = makeModule("yaml", {
  encode: (call) => encodeYaml(only(call), call.thread.budget),
  decode: (call) => toValue(decodeYamlPlain(asString(only(call)), call.thread.budget)),
});
