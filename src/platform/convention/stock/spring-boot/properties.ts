/** Spring properties in JAVA_TOOL_OPTIONS: read as what the user wants, written back sorted and quoted. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";

const VARIABLE = "JAVA_TOOL_OPTIONS";

export type Properties = {
  values: Map<string, string>;
  /** Options that are no properties, in their order. */
  others: string[];
};

/** Undefined when the variable comes from elsewhere (`valueFrom`): then nobody can know what is in it. */
export function readProperties({ env = [] }: k8s.Container): Properties | undefined {
  const variable = env.find(({ name }) => name === VARIABLE);
  if (variable?.valueFrom) return undefined;
  const properties: Properties = { values: new Map(), others: [] };
  for (const option of splitOptions(variable?.value ?? "")) {
    const [, key, value] = /^-D([^=]+)=(.*)$/s.exec(option) ?? [];
    if (key === undefined) properties.others.push(option);
    else properties.values.set(key, unquote(value ?? ""));
  }
  return properties;
}

/** The container with these properties; the same one when there are none. */
export function writeProperties(container: k8s.Container, { values, others }: Properties): k8s.Container {
  if (values.size === 0) return container;
  const options = [...values]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `-D${key}=${quote(value)}`);
  const variable = { name: VARIABLE, value: [...others, ...options].join(" ") };
  const { env = [] } = container;
  const at = env.findIndex(({ name }) => name === VARIABLE);
  return { ...container, env: at < 0 ? [...env, variable] : env.with(at, variable) };
}

/** The user's value, or now `fallback`. */
export function defaulted({ values }: Properties, key: string, fallback: string): string {
  const value = values.get(key) ?? fallback;
  values.set(key, value);
  return value;
}

/** As the JVM splits it: at white space that is not quoted. Quotes stay. */
function splitOptions(text: string): string[] {
  return text.match(/(?:[^\s"']|"[^"]*"|'[^']*'|["'])+/g) ?? [];
}

function unquote(value: string): string {
  return value.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? "");
}

function quote(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}
