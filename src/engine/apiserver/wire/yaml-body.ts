/** Request bodies in YAML: one document; a key that is given twice is reported, and its last value counts. */
import { LineCounter, parseAllDocuments, visit } from "yaml";
import { failure } from "#kit/status.ts";

/** A parsed body: its value, and what is wrong with it for somebody who is strict about fields that are given twice. */
export type Body = { value: unknown; repeated: readonly string[] };

/** More aliases than this are an attack. */
const MAX_ALIASES = 100;

/** Throws BadRequest with the line and column of what does not parse. */
export function parseYamlBody(text: string): Body {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { version: "1.1", lineCounter: lines, uniqueKeys: false, merge: true });
  if (!Array.isArray(documents)) return { value: undefined, repeated: [] };
  const [document, ...more] = documents.filter(({ contents, errors }) => contents !== null || errors.length > 0);
  if (more.length > 0) throw failure("BadRequest", "the request body has more than one YAML document");
  if (!document) return { value: undefined, repeated: [] };
  const error = document.errors[0];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw failure("BadRequest", `request body:${line}:${col}: ${error.message.split("\n")[0]}`);
  }
  const repeated: string[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items as { key: { value?: unknown; range?: [number, number, number] | null } }[]) {
        const name = String(key?.value ?? key);
        if (seen.has(name))
          repeated.push(`line ${lines.linePos(key.range?.[0] ?? 0).line}: key "${name}" already set in map`);
        seen.add(name);
      }
    },
  });
  return { value: toValue(document), repeated };
}

function toValue(document: { toJS(options: { maxAliasCount: number }): unknown }): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) ?? undefined;
  } catch (error) {
    throw failure("BadRequest", `request body: ${(error as Error).message}`);
  }
}
