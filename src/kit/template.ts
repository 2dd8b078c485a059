/** Cartographer's `$(path)$` templating: JSONPath expressions in the string leaves of an object. */
import { isObject } from "./json.ts";
import { findAll } from "./jsonpath.ts";

/** A tag whose path finds nothing, or something that cannot stand in a text. `path` is the expression. */
export class TemplateError extends Error {
  override name = "TemplateError";
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

const TAG = /\$\(([^$]*?)\)\$/g;
const ONLY_TAG = /^\$\(([^$]*?)\)\$$/;

/**
 * A copy of `template` with every tag replaced by what its path finds in `values`. A leaf that is exactly one tag
 * keeps the type of the value; map keys and substituted values are left as they are. Throws TemplateError.
 */
export function renderTemplate(template: unknown, values: unknown): unknown {
  if (typeof template === "string") return renderLeaf(template, values);
  if (Array.isArray(template)) return template.map((item) => renderTemplate(item, values));
  if (!isObject(template)) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, renderTemplate(value, values)]));
}

function renderLeaf(text: string, values: unknown): unknown {
  const whole = ONLY_TAG.exec(text);
  if (whole) return lookUp(whole[1] ?? "", values);
  return text.replace(TAG, (_tag, path: string) => {
    const value = lookUp(path, values);
    if (value === null) throw new TemplateError(path, `tag $(${path})$ is null and cannot stand in a text`);
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

function lookUp(path: string, values: unknown): unknown {
  let found: unknown[];
  try {
    found = findAll(values, path);
  } catch (error) {
    throw new TemplateError(path, `tag $(${path})$ does not parse: ${(error as Error).message}`, { cause: error });
  }
  if (found.length === 0) throw new TemplateError(path, `tag $(${path})$ finds nothing`);
  return found.length === 1 ? found[0] : found;
}
