/** What is wrong with an Application's specification, in one line. Pure. */
import type { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import { compileGlob } from "./manifests.ts";

type Spec = Application["spec"];

const IN_CLUSTER = "https://kubernetes.default.svc";

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
  if (!permits(sourceRepos, repoURL)) return `application repo ${repoURL} is not permitted in project '${name}'`;
  const { namespace = "" } = app.spec.destination;
  const server = app.spec.destination.server ?? IN_CLUSTER;
  const fits = destinations.some(
    (allowed) =>
      permits([allowed.namespace ?? "*"], namespace) &&
      (permits([allowed.server ?? ""], server) ||
        (allowed.name !== undefined && permits([allowed.name], "in-cluster"))),
  );
  return fits
    ? undefined
    : `application destination server '${server}' and namespace '${namespace}' do not match any of the allowed destinations in project '${name}'`;
}

/** The value matches one of the globs, and none that begins with `!`. */
function permits(globs: readonly string[], value: string): boolean {
  const matches = (glob: string): boolean => glob === "*" || compileGlob(glob).test(value);
  const denied = globs.some((glob) => glob.startsWith("!") && matches(glob.slice(1)));
  return !denied && globs.some((glob) => !glob.startsWith("!") && matches(glob));
}
