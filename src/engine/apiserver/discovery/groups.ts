/** Discovery: which groups, versions and resources are served, in the plain and in the aggregated form. */
import { createHash } from "node:crypto";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource } from "../resources/served.ts";

const SUBRESOURCE_VERBS = ["get", "patch", "update"];

type Subresource = { name: string; kind: string; group: string; version: string; verbs: readonly string[] };

const CORE = { group: "", version: "v1" };
const PROXY = { ...CORE, name: "proxy", verbs: ["create", "delete", "get", "patch", "update"] };
const UPGRADE_VERBS = ["create", "get"];

const POD_ACTIONS: readonly Subresource[] = [
  { ...CORE, name: "attach", kind: "PodAttachOptions", verbs: UPGRADE_VERBS },
  { ...CORE, name: "exec", kind: "PodExecOptions", verbs: UPGRADE_VERBS },
  { ...CORE, name: "portforward", kind: "PodPortForwardOptions", verbs: UPGRADE_VERBS },
  { ...PROXY, kind: "PodProxyOptions" },
  { ...CORE, name: "binding", kind: "Binding", verbs: ["create"] },
  { group: "policy", version: "v1", name: "eviction", kind: "Eviction", verbs: ["create"] },
  { ...CORE, name: "ephemeralcontainers", kind: "Pod", verbs: SUBRESOURCE_VERBS },
  { ...CORE, name: "resize", kind: "Pod", verbs: SUBRESOURCE_VERBS },
];

/** The subresources of a built-in kind come by their names. */
function subresourcesOf(served: ServedResource): Subresource[] {
  const found = allSubresourcesOf(served);
  return served.facts.builtin ? found.sort((left, right) => (left.name < right.name ? -1 : 1)) : found;
}

function allSubresourcesOf({ facts }: ServedResource): Subresource[] {
  const { kind, group, version } = facts;
  const isCore = group === "" && facts.builtin;
  return [
    ...(facts.statusSubresource ? [{ name: "status", kind, group, version, verbs: SUBRESOURCE_VERBS }] : []),
    ...(facts.scale
      ? [{ name: "scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: SUBRESOURCE_VERBS }]
      : []),
    ...(isCore && kind === "Pod" ? [{ name: "log", kind, group, version, verbs: ["get"] }, ...POD_ACTIONS] : []),
    ...(isCore && kind === "Service" ? [{ ...PROXY, kind: "ServiceProxyOptions" }] : []),
    ...(isCore && kind === "ServiceAccount"
      ? [{ name: "token", kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: ["create"] }]
      : []),
    ...(group === "certificates.k8s.io" && facts.builtin
      ? [{ name: "approval", kind, group, version, verbs: SUBRESOURCE_VERBS }]
      : []),
    ...(isCore && kind === "Namespace" ? [{ name: "finalize", kind, group, version, verbs: ["update"] }] : []),
  ];
}

/** What a group has in one version; built-in kinds come by their names. */
function servedIn(registry: Registry, group: string, version: string): ServedResource[] {
  const served = registry.all().filter(({ facts }) => facts.group === group && facts.version === version);
  if (!served.every(({ facts }) => facts.builtin)) return served;
  return served.sort((left, right) => (left.facts.plural < right.facts.plural ? -1 : 1));
}

/** `APIResourceList` of one group and version; undefined when nothing of it is served. */
export function resourceList(registry: Registry, group: string, version: string): object | undefined {
  const served = servedIn(registry, group, version);
  const [first] = served;
  if (!first) return undefined;
  return {
    kind: "APIResourceList",
    ...(group !== "" && { apiVersion: "v1" }),
    groupVersion: first.apiVersion,
    resources: served.flatMap(resourceEntries),
  };
}

/** The verbs of custom resources, in the order in which a real server lists them. */
const CUSTOM_VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
/** What can still be done when their definition is going. */
const LAST_VERBS = ["delete", "deletecollection", "get", "list", "watch"];

function verbsOf({ facts }: ServedResource): readonly string[] {
  if (facts.builtin) return facts.verbs;
  return facts.terminating ? LAST_VERBS : CUSTOM_VERBS;
}

/** Changes when objects are stored in another form: clients that migrate them compare it. */
function storageVersionHash({ facts }: ServedResource): string {
  const form = `${facts.group}/${facts.storageVersion}/${facts.kind}`;
  return createHash("sha256").update(form).digest().subarray(0, 8).toString("base64");
}

function resourceEntries(served: ServedResource): object[] {
  const { facts, namespaced } = served;
  const { plural, singular, kind, shortNames, categories } = facts;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: verbsOf(served),
      ...(shortNames.length > 0 && { shortNames }),
      ...(categories.length > 0 && { categories }),
      ...(facts.verbs.includes("get") && { storageVersionHash: storageVersionHash(served) }),
    },
    ...subresourcesOf(served).map((subresource) => ({
      name: `${plural}/${subresource.name}`,
      singularName: "",
      namespaced,
      ...(subresource.group !== facts.group && { group: subresource.group, version: subresource.version }),
      kind: subresource.kind,
      verbs: subresource.verbs,
    })),
  ];
}

/** Served versions by group, in order of preference. The core group is "". */
function versionsByGroup(registry: Registry): Map<string, string[]> {
  const groups = new Map<string, Set<string>>();
  for (const { facts } of registry.all()) {
    const versions = groups.get(facts.group) ?? new Set();
    groups.set(facts.group, versions.add(facts.version));
  }
  return new Map([...groups].map(([group, versions]) => [group, [...versions].sort(byPriority)]));
}

/** Kubernetes' order of versions: v2 before v1 before v1beta2 before v1alpha1 before anything else. */
function byPriority(left: string, right: string): number {
  const rank = (version: string): number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (!match) return [0, 0, 0];
    const stage = match[2] === undefined ? 3 : match[2] === "beta" ? 2 : 1;
    return [stage, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [mine, theirs] = [rank(left), rank(right)];
  for (let at = 0; at < 3; at++) if (mine[at] !== theirs[at]) return (theirs[at] ?? 0) - (mine[at] ?? 0);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `APIVersions`: the legacy root. */
export function coreVersions(address: string): object {
  const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: address }];
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs };
}

function groupOf(name: string, versions: readonly string[]): object {
  const described = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: described, preferredVersion: described[0] };
}

/** `APIGroupList`. */
export function groupList(registry: Registry): object {
  const groups = [...versionsByGroup(registry)].filter(([name]) => name !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(([name, versions]) => groupOf(name, versions)) };
}

/** `APIGroup`; undefined when nothing of it is served. */
export function group(registry: Registry, name: string): object | undefined {
  const versions = versionsByGroup(registry).get(name);
  return versions && { kind: "APIGroup", apiVersion: "v1", ...groupOf(name, versions) };
}

/** `APIGroupDiscoveryList` of the core group, or of all others. `version` is v2 or v2beta1. */
export function aggregated(registry: Registry, scope: "core" | "groups", version: string): object {
  const items = [...versionsByGroup(registry)]
    .filter(([name]) => (name === "") === (scope === "core"))
    .map(([name, versions]) => ({
      metadata: name ? { name } : {},
      versions: versions.map((candidate) => ({
        version: candidate,
        freshness: "Current",
        resources: servedIn(registry, name, candidate).map(aggregatedEntry),
      })),
    }));
  return { kind: "APIGroupDiscoveryList", apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

function aggregatedEntry(served: ServedResource): object {
  const { plural, singular, shortNames, categories } = served.facts;
  const subresources = subresourcesOf(served);
  return {
    resource: plural,
    responseKind: responseKind(served, served.facts),
    scope: served.namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: verbsOf(served),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map((subresource) => ({
        subresource: subresource.name,
        responseKind: responseKind(served, subresource),
        verbs: subresource.verbs,
      })),
    }),
  };
}

/** Of built-in kinds group and version are only said where they are not those of the resource. */
function responseKind({ facts }: ServedResource, of: { group: string; version: string; kind: string }): object {
  const isOwn = facts.builtin && of.group === facts.group && of.version === facts.version;
  return { group: isOwn ? "" : of.group, version: isOwn ? "" : of.version, kind: of.kind };
}
