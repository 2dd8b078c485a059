/** The labels by which platforms recognise an image that buildpacks made (platform spec 0.15). */
import type { Layer } from "#ports/oci/layer.ts";
import type { Process } from "./launch.ts";

export type BuildpackLayer = { name: string; layer: Layer; data?: Record<string, string> };

/** A buildpack that took part, with the layers it gave to the image. */
export type Buildpack = { id: string; version: string; homepage: string; layers: BuildpackLayer[] };

/** Where the source came from. */
export type SourceMetadata = { repository: string; commit: string; revision?: string };

export type MetadataInputs = {
  buildpacks: readonly Buildpack[];
  processes: readonly Process[];
  appDirectory: string;
  app: Layer;
  sbom: Layer;
  runImage: { topLayer: string; reference?: string };
  source?: SourceMetadata;
};

/** All labels, with their JSON values in a fixed order. */
export function renderLabels(inputs: MetadataInputs): Record<string, string> {
  return {
    "io.buildpacks.lifecycle.metadata": JSON.stringify(lifecycleMetadata(inputs)),
    "io.buildpacks.build.metadata": JSON.stringify(buildMetadata(inputs)),
    "io.buildpacks.project.metadata": JSON.stringify(inputs.source ? { source: sourceOf(inputs.source) } : {}),
    "io.buildpacks.app.sbom": inputs.sbom.diffId,
    "io.buildpacks.rebasable": "true",
    "io.buildpacks.exec-env": "production",
  };
}

function lifecycleMetadata({ app, sbom, buildpacks, runImage }: MetadataInputs): unknown {
  const reference = runImage.reference ?? "";
  return {
    app: [{ sha: app.diffId }],
    sbom: { sha: sbom.diffId },
    buildpacks: buildpacks.map(({ id, version, layers }) => ({
      key: id,
      version,
      layers: Object.fromEntries(
        layers.map(({ name, layer, data = {} }) => [
          name,
          { sha: layer.diffId, data, build: false, launch: true, cache: true },
        ]),
      ),
    })),
    runImage: { topLayer: runImage.topLayer, reference, image: reference.split("@")[0] },
    stack: { runImage: { image: reference.split("@")[0] } },
  };
}

function buildMetadata({ buildpacks, processes, appDirectory }: MetadataInputs): unknown {
  return {
    bom: null,
    buildpacks: buildpacks.map(({ id, version, homepage }) => ({ homepage, id, version })),
    processes: processes.map(({ type, command }) => ({
      type,
      command: command.slice(0, 1),
      args: command.slice(1),
      direct: true,
      "working-dir": appDirectory,
      buildpackID: buildpacks.at(-1)?.id,
    })),
    "buildpack-default-process-type": processes.find((process) => process.default)?.type,
  };
}

function sourceOf({ repository, commit, revision }: SourceMetadata): unknown {
  return { type: "git", version: { commit }, metadata: { repository, revision: revision ?? commit } };
}
