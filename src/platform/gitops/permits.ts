/** What is wrong with an Application's specification, and what its project does not permit, in one line. Pure. */
import type { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import { compileGlob } from "./manifests.ts";
import type { Identity } from "./tracking.ts";

type Spec = Application["spec"];

/** The address of the cluster itself. */
export const IN_CLUSTER = "https://kubernetes.default.svc";

/** Why the specification cannot be carried out, or undefined. */
export function whyInvalid({ source, sources, sourceHydrator, destination }: Spec): string | undefined {
  if (sourceHydrator || sources?.length)
    return "only spec.source can be used: spec.sources and spec.sourceHydrator cannot";
  if (!source?.repoURL) return "spec.source.repoURL is required";
  if (source.chart || source.helm || source.kustomize || source.plugin || source.directory?.jsonnet)
    return "only plain directories can be synced: remove chart, helm, kustomize, plugin and jsonnet from spec.source";
  const { server, name } = destination;
  if (server && name) return "spec.destination must have either server or name, not both";
  if (server !== undefined && server !== IN_CLUSTER)
    return `there are no clusters with this API server: ${server}; use ${IN_CLUSTER}`;
  if (name !== undefined && name !== "in-cluster")
    return `there are no clusters with this name: ${name}; use in-cluster`;
  return server || name ? undefined : "spec.destination must have server or name";
}

/** Why the project does not let the application be, or undefined. A `default` project that is not there permits everything. */
export function whyForbidden(app: Application, project: AppProject | undefined): string | undefined {
  const name = app.spec.project || "default";
  if (!project)
    return name === "default"
      ? undefined
      : `Application referencing project ${name} which does not exist: create the AppProject`;
  const { sourceRepos = [], destinations = [] } = project.spec;
  const { repoURL = "" } = app.spec.source ?? {};
  if (!matchesAny(sourceRepos, repoURL)) return `application repo ${repoURL} is not permitted in project '${name}'`;
  const { namespace = "" } = app.spec.destination;
  const server = app.spec.destination.server ?? IN_CLUSTER;
  return permitsNamespace(destinations, namespace, server)
    ? undefined
    : `application destination server '${server}' and namespace '${namespace}' do not match any of the allowed destinations in project '${name}'`;
}

/** Why the project does not let an application have the object, or undefined. Spec: AppProject's resource lists. */
export function whyObjectForbidden(
  { group, kind, name, namespace }: Identity,
  isNamespaced: boolean,
  project: AppProject | undefined,
): string | undefined {
  if (!project) return undefined;
  const { spec, metadata } = project;
  const [allowed, denied] = isNamespaced
    ? [spec.namespaceResourceWhitelist, spec.namespaceResourceBlacklist]
    : [spec.clusterResourceWhitelist ?? [], spec.clusterResourceBlacklist];
  const isIn = (list: readonly Kinds[] | undefined): boolean =>
    list?.some(
      (kinds) => fits(kinds.group, group) && fits(kinds.kind, kind) && (!kinds.name || fits(kinds.name, name)),
    ) ?? false;
  if ((allowed && !isIn(allowed)) || isIn(denied))
    return `resource ${group}:${kind} is not permitted in project ${metadata.name}`;
  if (isNamespaced && !permitsNamespace(spec.destinations ?? [], namespace, IN_CLUSTER))
    return `namespace ${namespace} is not permitted in project '${metadata.name}'`;
  return undefined;
}

type Kinds = { group: string; kind: string; name?: string };
type Destinations = NonNullable<AppProject["spec"]["destinations"]>;

/** One destination has to fit; `!GLOB` fits whatever GLOB does not, and what it does not fit is denied altogether. */
function permitsNamespace(destinations: Destinations, namespace: string, server: string): boolean {
  const isDenied = (glob: string, value: string): boolean => glob.startsWith("!") && fits(glob.slice(1), value);
  const isFit = (glob: string, value: string): boolean =>
    glob.startsWith("!") ? !isDenied(glob, value) : fits(glob, value);
  const asked = destinations.map(({ namespace: where = "*", server: which = "", name }) => ({
    where: [where, namespace] as const,
    which: [which, server] as const,
    name: name === undefined ? undefined : ([name, "in-cluster"] as const),
  }));
  if (asked.some(({ where, which, name }) => isDenied(...where) || isDenied(...which) || (name && isDenied(...name))))
    return false;
  return asked.some(({ where, which, name }) => isFit(...where) && (isFit(...which) || (name && isFit(...name))));
}

function fits(glob: string, value: string): boolean {
  return glob === "*" || compileGlob(glob).test(value);
}

/** The value matches one of the globs, and none that begins with `!`. */
export function matchesAny(globs: readonly string[], value: string): boolean {
  const denied = globs.some((glob) => glob.startsWith("!") && fits(glob.slice(1), value));
  return !denied && globs.some((glob) => !glob.startsWith("!") && fits(glob, value));
}
