/** The run image that is made on the machine itself, so that building needs no outside registry. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { arch } from "node:process";
import { sha256 } from "#kit/names.ts";
import type { ImageConfig } from "../image.ts";
import { type Layer, type LayerEntry, writeLayer } from "../layer.ts";
import type { LayerCache } from "../layer-cache.ts";
import { type DebianPackage, readPackages } from "./dpkg.ts";
import { libraryEntries, packageEntries } from "./entries.ts";
import { APP_USER } from "./skeleton.ts";

/** An image to build on: its layers are in the content store. */
export type RunImage = { layers: Layer[]; config: ImageConfig };

export type BaseImageOptions = { cache: LayerCache; root?: string; signal?: AbortSignal };

const PACKAGES = "base-files ca-certificates coreutils dash libatomic1 libc6 libgcc-s1 libstdc++6 netbase tzdata".split(
  " ",
);
const REQUIRED = ["base-files", "libc6", "libgcc-s1", "libstdc++6"];

/** Raise when the recipe changes, so that machines make the layer anew. */
const RECIPE = "1";
const NEVER = "1980-01-01T00:00:01Z";

/** Makes the run image once per set of package versions. Label `io.buildpacks.base.metadata` says what is in it. */
export async function createBaseImage({ cache, root = "/", signal }: BaseImageOptions): Promise<RunImage> {
  const packages = (await readPackages(root, PACKAGES)) ?? [];
  const isDebian = REQUIRED.every((name) => packages.some((one) => one.name === name));
  const distribution = await readDistribution(root);
  const make = async (): Promise<LayerEntry[]> => (isDebian ? packageEntries(root, packages) : libraryEntries());
  const versions = packages.map(({ name, version, architecture }) => ({ name, version, architecture }));
  const key = ["base", RECIPE, isDebian, distribution, versions, isDebian ? "" : process.version];
  const layer = await cache.layer(
    sha256(JSON.stringify(key)),
    async (shared) => writeLayer(cache.blobs, await make(), { compression: "zstd", signal: shared }),
    signal,
  );
  const labels = labelsOf(distribution, isDebian ? packages : undefined);
  return { layers: [layer], config: configOf(layer, labels) };
}

function configOf(layer: Layer, labels: Record<string, string>): ImageConfig {
  return {
    architecture: ociArchitecture(),
    os: "linux",
    created: NEVER,
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", `HOME=${APP_USER.home}`],
      User: `${APP_USER.uid}:${APP_USER.gid}`,
      WorkingDir: "/",
      Labels: labels,
    },
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
    history: [{ created: NEVER, created_by: "Layer: 'base', Created by slipway" }],
  };
}

/** The name that images use for this machine's processor. */
function ociArchitecture(): string {
  return arch === "x64" ? "amd64" : arch;
}

type Distribution = { id: string; version: string };

async function readDistribution(root: string): Promise<Distribution> {
  const text = await readFile(join(root, "etc/os-release"), "utf8").catch(() => "");
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  return { id: field("ID") || "linux", version: field("VERSION_ID") };
}

function labelsOf(distribution: Distribution, packages: readonly DebianPackage[] | undefined): Record<string, string> {
  const source = packages
    ? "packages installed on the build machine"
    : "libraries loaded by the build machine's Node.js";
  const metadata = {
    source,
    packages: (packages ?? []).map(({ name, version, architecture }) => ({ name, version, arch: architecture })),
  };
  return {
    "io.buildpacks.base.id": "dev.slipway.run",
    "io.buildpacks.base.distro.name": distribution.id,
    "io.buildpacks.base.distro.version": distribution.version,
    "io.buildpacks.base.maintainer": "slipway",
    "io.buildpacks.base.description": `Shared libraries, certificates and time zones from ${source}`,
    "io.buildpacks.base.metadata": JSON.stringify(metadata),
    ...(packages ? {} : { "slipway.dev/base": "host-libraries" }),
  };
}
