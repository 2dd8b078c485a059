/** Request bodies in YAML: one document; a key that is given twice is reported, and its last value counts. */
import { isNode, LineCounter, parseAllDocuments, visit } from "yaml";
import { failure } from "#kit/status.ts";
import { SCALARS } from "#kit/yaml-scalars.ts";

/** A parsed body: its value, and what is wrong with it for somebody who is strict about fields that are given twice. */
export type Body = { value: unknown; repeated: readonly string[]; malformed?: string };

/** More aliases than this are an attack. */
const MAX_ALIASES = 100;

/** What does not parse is told with its line and column. Throws BadRequest for what nobody should send. */
export function parseYamlBody(text: string): Body {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { ...SCALARS, lineCounter: lines, uniqueKeys: false });
  if (!Array.isArray(documents)) return { value: undefined, repeated: [] };
  const [document, ...more] = documents.filter(({ contents, errors }) => contents !== null || errors.length > 0);
  if (more.length > 0) throw failure("BadRequest", "the request body has more than one YAML document");
  if (!document) return { value: undefined, repeated: [] };
  const error = document.errors[0];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    const malformed = `yaml: line ${line}: column ${col}: ${error.message.split("\n")[0]}`;
    return { value: undefined, repeated: [], malformed };
  }
  const repeated: string[] = [];
  let cycle: string | undefined;
  visit(document, {
    Alias: (_, { source }, ancestors) => {
      if (ancestors.some((node) => isNode(node) && "anchor" in node && node.anchor === source)) cycle = source;
    },
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items as { key: { value?: unknown; range?: [number, number, number] | null } }[]) {
        const name = String(key?.value ?? key);
        if (seen.has(name))
          repeated.push(`  line ${lines.linePos(key.range?.[0] ?? 0).line}: key "${name}" already set in map`);
        seen.add(name);
      }
    },
  });
  if (cycle !== undefined)
    return { value: undefined, repeated: [], malformed: `yaml: anchor '${cycle}' value contains itself` };
  const problems = repeated.length > 0 ? [["yaml: unmarshal errors:", ...repeated].join("\n")] : [];
  return { value: toValue(document), repeated: problems };
}

function toValue(document: { toJS(options: { maxAliasCount: number }): unknown }): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) ?? undefined;
  } catch (error) {
    throw failure("BadRequest", `request body: ${(error as Error).message}`);
  }
}
