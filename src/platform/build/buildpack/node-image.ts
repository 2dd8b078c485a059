/** The Node.js buildpack: a source tree and a run image become an image, without containers and without a daemon. */
import { rm } from "node:fs/promises";
import { sha256 } from "#kit/names.ts";
import type { RunImage } from "#ports/oci/base-image/base-image.ts";
import { createNodeLayer, type NodeBinary } from "#ports/oci/base-image/node-layer.ts";
import type { ImageConfig } from "#ports/oci/image.ts";
import { type Layer, parentsOf, writeLayer } from "#ports/oci/layer.ts";
import type { LayerCache } from "#ports/oci/layer-cache.ts";
import { walkTree } from "#ports/oci/tree.ts";
import { type Process, planLaunch } from "./launch.ts";
import type { Lock } from "./lock.ts";
import { type Buildpack, renderLabels, type SourceMetadata } from "./metadata.ts";
import { install, moduleEntries, NpmFailed, planInstallation, type RunNpm } from "./npm-install.ts";
import { detectProject, type Project } from "./project.ts";
import { renderSbom, type Sbom } from "./sbom.ts";

export type BuildOptions = {
  /** Directory of the application's source. */
  tree: string;
  /** Digest of the tree, such as a Git tree id: the same digest is not packed twice. */
  treeDigest?: string;
  /** Environment of the build, such as `npm_config_registry`; it does not get into the image. */
  env?: Readonly<Record<string, string>>;
  runImage: RunImage & { reference?: string };
  cache: LayerCache;
  /** Scratch space for installations. */
  workDirectory: string;
  node: NodeBinary;
  runNpm: RunNpm;
  source?: SourceMetadata;
  /** When the commit was made; decides `created` of the image. */
  created?: Date;
  log: (line: string) => void;
  signal?: AbortSignal;
};

/** What `Registry.putImage` needs, and what is worth knowing about it. */
export type BuiltImage = {
  kind: "built";
  config: ImageConfig;
  layers: Layer[];
  processes: Process[];
  buildpacks: { id: string; version: string }[];
  sbom: Sbom;
};

/** `refused`: not for this buildpack. `failed`: the project's own dependencies could not be installed. */
export type BuildOutcome = BuiltImage | { kind: "refused"; reason: string } | { kind: "failed"; reason: string };

const APP = "workspace";
/** Where the Node.js binary stands in images. */
export const NODE_PATH = "layers/slipway_node-engine/node/bin/node";
const SBOM = "layers/sbom/launch/slipway_nodejs/sbom.cdx.json";
const OWNER = { uid: 1001, gid: 1001 } as const;
const NEVER = new Date("1980-01-01T00:00:01Z");
const HOMEPAGE = "https://slipway.dev/buildpacks/nodejs";

/** Versions of what this code puts into images; raised when its output changes. */
const VERSION = "1.0.0";

/** The buildpacks that make a Node.js image. */
export const NODE_BUILDPACKS: readonly { id: string; version: string; homepage: string }[] = [
  { id: "slipway/node-engine", version: VERSION, homepage: HOMEPAGE },
  { id: "slipway/nodejs", version: VERSION, homepage: HOMEPAGE },
];

/** Builds the image into the content store. The same inputs give the same digests. */
export async function buildNodeImage(options: BuildOptions): Promise<BuildOutcome> {
  const detected = await detectProject(options.tree);
  if (detected.kind === "refused") return detected;
  const { project } = detected;
  const launch = planLaunch(project, { node: `/${NODE_PATH}`, app: `/${APP}` });
  if (launch.kind === "refused") return launch;
  const { node, cache, signal } = options;
  options.log(`Node.js ${node.version}${engineNote(project)}`);
  const sbom = renderSbom(project, node.version);
  try {
    const [engine, sbomLayer, { app, modules }] = await Promise.all([
      createNodeLayer(cache, { binary: node, target: NODE_PATH, ...(signal && { signal }) }),
      writeSbom(options, sbom),
      writeApp(options, project),
    ]);
    const buildpacks: Buildpack[] = [
      buildpack("slipway/node-engine", [{ name: "node", layer: engine, data: { version: node.version } }]),
      buildpack("slipway/nodejs", modules ? [{ name: "modules", layer: modules }] : []),
    ];
    const parts = { buildpacks, processes: launch.processes, app, sbom: sbomLayer };
    options.log(`Starts with: ${launch.processes[0]?.command.join(" ")}`);
    const image = assemble(options, parts);
    return { kind: "built", ...image, processes: launch.processes, buildpacks: buildpacks.map(identity), sbom };
  } catch (error) {
    if (error instanceof NpmFailed) return { kind: "failed", reason: error.message };
    throw error;
  }
}

type Parts = { buildpacks: Buildpack[]; processes: Process[]; app: Layer; sbom: Layer };

/** Layers in the lifecycle's order: run image, buildpacks, bill of materials, application. */
function assemble(options: BuildOptions, parts: Parts): { config: ImageConfig; layers: Layer[] } {
  const { runImage, source } = options;
  const created = (options.created ?? NEVER).toISOString();
  const own = [
    ...parts.buildpacks.flatMap(({ id, version, layers }) =>
      layers.map(({ name, layer }) => ({ layer, by: `Layer: '${name}', Created by buildpack: ${id}@${version}` })),
    ),
    { layer: parts.sbom, by: "Software Bill-of-Materials" },
    { layer: parts.app, by: "Application Layer" },
  ];
  const layers = [...runImage.layers, ...own.map(({ layer }) => layer)];
  const base = runImage.config;
  const labels = renderLabels({
    ...parts,
    appDirectory: `/${APP}`,
    runImage: {
      topLayer: base.rootfs.diff_ids.at(-1) ?? "",
      ...(runImage.reference && { reference: runImage.reference }),
    },
    ...(source && { source }),
  });
  const config: ImageConfig = {
    architecture: base.architecture,
    os: base.os,
    created,
    config: {
      ...base.config,
      Env: imageEnv(base.config?.Env ?? []),
      Entrypoint: parts.processes.find((process) => process.default)?.command ?? [],
      Cmd: [],
      User: `${OWNER.uid}:${OWNER.gid}`,
      WorkingDir: `/${APP}`,
      Labels: { ...base.config?.Labels, ...labels },
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: [...(base.history ?? []), ...own.map(({ by }) => ({ created, created_by: by }))],
  };
  return { config, layers };
}

function imageEnv(base: readonly string[]): string[] {
  const path = base.find((line) => line.startsWith("PATH="))?.slice("PATH=".length) ?? "/usr/bin:/bin";
  const own = {
    NODE_ENV: "production",
    NODE_HOME: "/layers/slipway_node-engine/node",
    PATH: `/${APP}/node_modules/.bin:/layers/slipway_node-engine/node/bin:${path}`,
  };
  const kept = base.filter((line) => !Object.hasOwn(own, line.split("=")[0] ?? ""));
  return [...kept, ...Object.entries(own).map(([name, value]) => `${name}=${value}`)];
}

/** The application layer and, when there is something to install, the layer with its dependencies. */
async function writeApp(options: BuildOptions, project: Project): Promise<{ app: Layer; modules?: Layer }> {
  const { cache, env = {}, node, tree, log } = options;
  const source = await writeSource(options);
  if (!project.lock) return { app: source };
  const locked: Project & { lock: Lock } = { ...project, lock: project.lock };
  const { needsTree, key } = planInstallation(locked, { node: node.version, env, tree: source.diffId });
  let isFresh = false;
  const make = async (signal: AbortSignal): Promise<Layer[]> => {
    isFresh = true;
    const { workDirectory, runNpm } = options;
    const directory = await install(locked, { tree, needsTree, workDirectory, env, runNpm, log, signal });
    try {
      const entries = moduleEntries(directory, { as: APP, ...OWNER });
      const modules = await writeLayer(cache.blobs, entries, { compression: "gzip", signal });
      return needsTree ? [modules, await packTree(cache, directory, signal)] : [modules];
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
  const [modules, app = source] = await cache.layers(sha256(`modules ${key}`), make, options.signal);
  log(isFresh ? "Installed dependencies" : `Dependencies unchanged: reusing layer ${modules?.diffId}`);
  return { app, ...(modules && { modules }) };
}

function writeSource({ tree, treeDigest, cache, signal }: BuildOptions): Promise<Layer> {
  if (!treeDigest) return packTree(cache, tree, signal);
  return cache.layer(sha256(`source ${treeDigest}`), (shared) => packTree(cache, tree, shared), signal);
}

function packTree(cache: LayerCache, directory: string, signal: AbortSignal | undefined): Promise<Layer> {
  const exclude = (path: string): boolean => path === ".git" || /(?:^|\/)node_modules$/.test(path);
  const entries = walkTree(directory, { as: APP, ...OWNER, exclude });
  return writeLayer(cache.blobs, entries, { compression: "gzip", ...(signal && { signal }) });
}

function writeSbom({ cache }: BuildOptions, sbom: Sbom): Promise<Layer> {
  const content = Buffer.from(JSON.stringify(sbom));
  const file = { path: SBOM, type: "file" as const, content, mode: 0o644, uid: 0, gid: 0 };
  const make = (): Promise<Layer> => writeLayer(cache.blobs, [...parentsOf(SBOM), file], { compression: "gzip" });
  return cache.layer(sha256(`sbom ${sha256(content)}`), make);
}

function engineNote({ packageJson }: Project): string {
  const wanted = packageJson.engines?.node;
  return wanted ? ` (package.json asks for ${wanted}; there is no choice of versions)` : "";
}

function buildpack(id: string, layers: Buildpack["layers"]): Buildpack {
  return { id, version: VERSION, homepage: HOMEPAGE, layers };
}

function identity({ id, version }: Buildpack): { id: string; version: string } {
  return { id, version };
}
