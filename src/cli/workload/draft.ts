/** From flags to a Workload: flags are laid over what the file or the cluster has. Pure. */
import type { Workload } from "#api/carto.run/workload.ts";
import { clone, isObject, type Json } from "#kit/json.ts";
import { parseYaml, YamlError } from "#kit/yaml.ts";
import { CliError } from "../errors.ts";
import type { WorkloadFlags } from "./flags.ts";
import { setEntries, setMembers } from "./pairs.ts";

type Spec = Workload["spec"];
type Param = NonNullable<Spec["params"]>[number];

export const TYPE_LABEL = "apps.tanzu.vmware.com/workload-type";
export const PART_OF_LABEL = "app.kubernetes.io/part-of";

/** The workload that the flags ask for. Throws CliError on a flag that cannot be understood. */
export function layFlagsOver(base: Workload, flags: WorkloadFlags): Workload {
  const { metadata, spec, ...rest } = clone(base) as Workload;
  const labels = {
    [TYPE_LABEL]: "web",
    ...metadata.labels,
    ...(flags.type && { [TYPE_LABEL]: flags.type }),
    ...(flags.app && { [PART_OF_LABEL]: flags.app }),
  };
  const laid = {
    ...layOrigin(spec, flags),
    params: layParams(spec.params, flags),
    env: setEntries(spec.env, flags.env, (name, value) => ({ name, value })),
    build: layBuild(spec.build, flags),
    resources: layResources(spec.resources, flags),
    serviceClaims: setEntries(spec.serviceClaims, flags.serviceRef, serviceClaim),
    ...(flags.serviceAccount !== undefined && { serviceAccountName: flags.serviceAccount }),
  };
  return {
    ...rest,
    metadata: { ...metadata, labels: setMembers(labels, flags.label, (value) => value) },
    spec: withoutEmpty({ ...spec, ...laid }) as Spec,
  };
}

/** Members that are undefined, empty texts, empty lists or empty objects say nothing. */
function withoutEmpty(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => {
      if (Array.isArray(member)) return member.length > 0;
      return isObject(member) ? Object.keys(member).length > 0 : member !== undefined && member !== "";
    }),
  );
}

type Origin = { image?: string | undefined; source?: Spec["source"] | undefined };

/** Where the application comes from. An image takes the place of a source, a source image that of Git, and the other way around. */
function layOrigin(spec: Spec, flags: WorkloadFlags): Origin {
  if (flags.image) return { image: flags.image, source: undefined };
  const fromGit = flags.gitRepo ?? flags.gitBranch ?? flags.gitTag ?? flags.gitCommit;
  if (fromGit === undefined && flags.sourceImage === undefined && flags.subPath === undefined) return {};
  const { git, image, subPath } = spec.source ?? {};
  const source = {
    ...(flags.sourceImage ? { image: flags.sourceImage } : fromGit ? { git: layGit(git, flags) } : { git, image }),
    subPath: flags.subPath ?? subPath,
  };
  const changes = fromGit !== undefined || flags.sourceImage !== undefined;
  return { source: withoutEmpty(source) as Spec["source"], ...(changes && { image: undefined }) };
}

type Git = NonNullable<NonNullable<Spec["source"]>["git"]>;

function layGit(git: Git | undefined, flags: WorkloadFlags): Git {
  const { gitRepo, gitBranch, gitTag, gitCommit } = flags;
  const chosen = {
    ...(gitBranch && { branch: gitBranch }),
    ...(gitTag && { tag: gitTag }),
    ...(gitCommit && { commit: gitCommit }),
  };
  const ref = Object.keys(chosen).length > 0 ? chosen : (git?.ref ?? { branch: "main" });
  return { ...git, ...(gitRepo && { url: gitRepo }), ref };
}

function layParams(params: readonly Param[] = [], flags: WorkloadFlags): Param[] {
  const plain = setEntries<Param>(params, flags.param, (name, value) => ({ name, value }));
  const parsed = setEntries<Param>(plain, flags.paramYaml, (name, value) => ({ name, value: yamlValue(name, value) }));
  const annotations = changed(
    parsed,
    "annotations",
    flags.annotation &&
      ((before) =>
        setMembers<Json>(isObject(before) ? (before as Record<string, Json>) : {}, flags.annotation, (value) => value)),
  );
  const maven = mavenFields(flags);
  const withMaven = changed(
    annotations,
    "maven",
    maven && ((before) => ({ ...(isObject(before) ? before : {}), ...maven }) as Json),
  );
  return [
    ["debug", flags.debug],
    ["live-update", flags.liveUpdate],
  ].reduce<Param[]>((all, [name, flag]) => laySwitch(all, String(name), flag), withMaven);
}

/** The list with one parameter set to what `next` makes of its value; one that becomes empty goes. */
function changed(params: Param[], name: string, next: ((before: Json | undefined) => Json) | undefined): Param[] {
  if (!next) return params;
  const value = next(params.find((param) => param.name === name)?.value);
  const others = params.filter((param) => param.name !== name);
  return isObject(value) && Object.keys(value).length === 0 ? others : [...others, { name, value }];
}

function laySwitch(params: Param[], name: string, flag: string | boolean | undefined): Param[] {
  if (flag === undefined) return params;
  if (flag !== true && flag !== "true" && flag !== "false")
    throw new CliError("usage", `--${name} is true or false, not "${flag}"`);
  return flag === "false" ? params.filter((param) => param.name !== name) : changed(params, name, () => "true");
}

function mavenFields({
  mavenGroup,
  mavenArtifact,
  mavenVersion,
  mavenType,
}: WorkloadFlags): Record<string, string> | undefined {
  const fields = {
    ...(mavenGroup && { groupId: mavenGroup }),
    ...(mavenArtifact && { artifactId: mavenArtifact }),
    ...(mavenVersion && { version: mavenVersion }),
    ...(mavenType && { type: mavenType }),
  };
  return Object.keys(fields).length > 0 ? fields : undefined;
}

function yamlValue(name: string, text: string): Json {
  try {
    return (parseYaml(text, `--param-yaml ${name}`)[0] ?? null) as Json;
  } catch (error) {
    if (error instanceof YamlError) throw new CliError("usage", error.message);
    throw error;
  }
}

function layBuild(build: Spec["build"], { buildEnv }: WorkloadFlags): Spec["build"] {
  const env = setEntries(build?.env, buildEnv, (name, value) => ({ name, value }));
  return withoutEmpty({ ...build, env }) as Spec["build"];
}

function layResources(resources: Spec["resources"], flags: WorkloadFlags): Spec["resources"] {
  const { limitCpu, limitMemory, requestCpu, requestMemory } = flags;
  const quantities = (before: object | undefined, cpu?: string, memory?: string): Record<string, unknown> =>
    withoutEmpty({ ...before, ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) });
  return withoutEmpty({
    ...resources,
    limits: quantities(resources?.limits, limitCpu, limitMemory),
    requests: quantities(resources?.requests, requestCpu, requestMemory),
  }) as Spec["resources"];
}

function serviceClaim(name: string, text: string): NonNullable<Spec["serviceClaims"]>[number] {
  const [apiVersion, kind, service, ...more] = text.split(":");
  if (!apiVersion || !kind || !service || more.length > 0)
    throw new CliError("usage", `--service-ref ${name}=${text} is not NAME=APIVERSION:KIND:NAME`);
  return { name, ref: { apiVersion, kind, name: service } };
}
