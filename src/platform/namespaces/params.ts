/** The parameters of a developer namespace, from its labels and annotations. Pure. Spec: Namespace Provisioner's parameters. */
import { isObject } from "#kit/json.ts";

export type NamespaceParams = {
  /** What the service account of workloads and deliverables refers to. */
  secrets: readonly string[];
  imagePullSecrets: readonly string[];
  /** Default and requested resources of containers, when they are given and wanted. */
  limits?: Limits;
};

type Limits = { default?: Record<string, string>; defaultRequest?: Record<string, string> };
type Tree = { [key: string]: unknown };

const PREFIX = "param.nsp.tap/";
const ACCOUNTS = ["supply_chain_service_account", "delivery_service_account"];

/** Labels win over annotations. Values in `[]` and `{}` are JSON; what does not parse, or has another shape, is left out. */
export function parseParams(metadata: {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}): NamespaceParams {
  const tree = grow({ ...metadata.annotations, ...metadata.labels });
  const accounts = ACCOUNTS.map((name) => tree[name]).filter(isObject);
  const named = (field: string): string[] => [...new Set(accounts.flatMap((account) => strings(account[field])))];
  const { limits, skip_limit_range: skip } = tree;
  const wanted = isObject(limits) && skip !== "true";
  return {
    secrets: named("secrets"),
    imagePullSecrets: named("imagePullSecrets"),
    ...(wanted && { limits: { ...quantities("default", limits), ...quantities("defaultRequest", limits) } }),
  };
}

/** `a.b: 1` is `{a: {b: "1"}}`. */
function grow(entries: Record<string, string>): Tree {
  const root: Tree = Object.create(null);
  for (const [key, text] of Object.entries(entries)) {
    if (!key.startsWith(PREFIX)) continue;
    const path = key.slice(PREFIX.length).split(".");
    const last = path.pop() ?? "";
    let node = root;
    for (const part of path) {
      const next = isObject(node[part]) ? (node[part] as Tree) : (Object.create(null) as Tree);
      node[part] = next;
      node = next;
    }
    const value = parseValue(text);
    if (value !== undefined) node[last] = value;
  }
  return root;
}

function parseValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function quantities(name: keyof Limits, limits: Tree): Limits {
  const given = limits[name];
  if (!isObject(given)) return {};
  const entries = Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { [name]: Object.fromEntries(entries) };
}
