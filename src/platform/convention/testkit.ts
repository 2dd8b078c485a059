/** For tests: images and pod templates made of what matters to a convention. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { deepFreeze } from "#kit/json.ts";
import type { ConventionResult, ImageDescription, InProcessConvention } from "./convention.ts";

export type ImageFacts = {
  buildpacks?: readonly string[];
  processes?: readonly { type: string; command: string[]; args?: string[] }[];
  defaultProcess?: string;
  labels?: Readonly<Record<string, string>>;
  /** Components of its bill of materials: name and version. */
  components?: Readonly<Record<string, string>>;
  user?: string;
  entrypoint?: string[];
};

/** An image, as the resolver would describe it. */
export function imageWith(image: string, facts: ImageFacts): ImageDescription {
  const { buildpacks = [], processes = [], defaultProcess, labels = {}, components, user, entrypoint } = facts;
  const build = {
    buildpacks: buildpacks.map((id) => ({ id })),
    processes,
    ...(defaultProcess && { "buildpack-default-process-type": defaultProcess }),
  };
  const listed = Object.entries(components ?? {}).map(([name, version]) => ({ type: "library", name, version }));
  const bom = { bomFormat: "CycloneDX", components: listed };
  return {
    image,
    config: {
      architecture: "amd64",
      os: "linux",
      config: {
        Labels: { "io.buildpacks.build.metadata": JSON.stringify(build), ...labels },
        ...(user !== undefined && { User: user }),
        ...(entrypoint && { Entrypoint: entrypoint }),
      },
      rootfs: { type: "layers", diff_ids: [] },
    },
    boms: components ? [{ name: "cnb-app:sbom.cdx.json", raw: Buffer.from(JSON.stringify(bom)) }] : [],
  };
}

export type PodFacts = {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Over the one container, `workload` with image `i@d`. */
  container?: Partial<k8s.Container>;
  /** Besides the one container; their image is unknown unless given. */
  others?: k8s.Container[];
  pod?: Partial<k8s.PodSpec>;
};

export function templateWith({ labels, annotations, container, others = [], pod }: PodFacts): k8s.PodTemplateSpec {
  return {
    metadata: { ...(labels && { labels }), ...(annotations && { annotations }) } as never,
    spec: { ...pod, containers: [{ name: "workload", image: "i@d", ...container }, ...others] },
  };
}

/** Applies one convention to one pod; the input is frozen, so that a convention that changes it fails. */
export function applyTo(
  convention: InProcessConvention,
  facts: { image: ImageFacts; pod?: PodFacts; values?: Record<string, unknown> },
): ConventionResult & { container: k8s.Container } {
  const images = new Map([["i@d", imageWith("i@d", facts.image)]]);
  const template = deepFreeze(templateWith(facts.pod ?? {}));
  const result = convention.apply({ template, images, values: facts.values ?? {} });
  return { ...result, container: result.template.spec?.containers[0] as k8s.Container };
}
