/** Files as people read them. Pure. */
import { parseYaml, renderYamlDocuments } from "#kit/yaml.ts";

/** Templates put objects into YAML texts as JSON; where the files are kept people read them, so YAML is laid out as blocks. */
export function readable(files: Record<string, string>): Record<string, string> {
  const entries = Object.entries(files).map(([path, text]) => [path, /\.ya?ml$/.test(path) ? layOut(text) : text]);
  return Object.fromEntries(entries);
}

function layOut(text: string): string {
  try {
    return renderYamlDocuments(parseYaml(text));
  } catch {
    return text;
  }
}
