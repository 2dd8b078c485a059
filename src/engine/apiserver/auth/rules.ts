/** RBAC rules: which requests one permits, and whether a set of rules covers another. */
import type { PolicyRule } from "#api/builtin/types.gen.ts";

/** What a request wants: a verb on a resource, or on a path that is none. */
export type Attributes = {
  verb: string;
  group?: string;
  /** With the subresource: `pods/log`. */
  resource?: string;
  namespace?: string | undefined;
  name?: string | undefined;
  path?: string;
};

/** True when the rule permits the request, whatever its namespace. */
export function permits(rule: PolicyRule, wanted: Attributes): boolean {
  if (!hasOrAll(rule.verbs, wanted.verb)) return false;
  if (wanted.path !== undefined) return matchesPath(rule.nonResourceURLs ?? [], wanted.path);
  if (!hasOrAll(rule.apiGroups, wanted.group ?? "")) return false;
  if (!matchesResource(rule.resources ?? [], wanted.resource ?? "")) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || (wanted.name !== undefined && names.includes(wanted.name));
}

function hasOrAll(allowed: readonly string[] | undefined, value: string): boolean {
  return allowed?.includes(value) || allowed?.includes("*") || false;
}

function matchesPath(urls: readonly string[], path: string): boolean {
  return urls.some((url) => (url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : url === path));
}

function matchesResource(allowed: readonly string[], resource: string): boolean {
  const slash = resource.indexOf("/");
  return (
    allowed.includes("*") || allowed.includes(resource) || (slash >= 0 && allowed.includes(`*${resource.slice(slash)}`))
  );
}

/** The parts of `wanted` that no rule of `held` covers, in few rules. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing = wanted.flatMap(singles).filter((single) => !held.some((rule) => coversSingle(rule, single)));
  return compact(missing);
}

/** A rule taken apart into rules about one verb on one resource (by one name) or one path each. */
function singles(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const parts: PolicyRule[] = [];
  for (const group of apiGroups)
    for (const resource of resources)
      for (const verb of verbs)
        for (const name of resourceNames.length > 0 ? resourceNames : [undefined])
          parts.push({
            apiGroups: [group],
            resources: [resource],
            verbs: [verb],
            ...(name !== undefined && { resourceNames: [name] }),
          });
  for (const url of nonResourceURLs) for (const verb of verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] });
  return parts;
}

function coversSingle(rule: PolicyRule, single: PolicyRule): boolean {
  if (!hasOrAll(rule.verbs, single.verbs[0] ?? "")) return false;
  const url = single.nonResourceURLs?.[0];
  if (url !== undefined) return matchesPath(rule.nonResourceURLs ?? [], url);
  if (!hasOrAll(rule.apiGroups, single.apiGroups?.[0] ?? "")) return false;
  if (!matchesResource(rule.resources ?? [], single.resources?.[0] ?? "")) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || single.resourceNames?.every((name) => names.includes(name)) === true;
}

/** Joins the verbs of single rules about the same thing. */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const key = JSON.stringify({ ...rule, verbs: [] });
    const known = joined.get(key);
    joined.set(key, known ? { ...known, verbs: [...known.verbs, ...rule.verbs] } : rule);
  }
  return [...joined.values()];
}

/** A rule in the words of a real server's messages: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`. */
export function describeRule(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["ResourceNames", rule.resourceNames],
    ["Verbs", rule.verbs],
  ];
  const given = parts.filter(([, values]) => values !== undefined && values.length > 0);
  return `{${given.map(([field, values = []]) => `${field}:${quoteList(values)}`).join(", ")}}`;
}

/** Texts as Go prints a list of them: `["a" "b"]`. */
export function quoteList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}
