/** Root file systems: shared read-only layers with one writable layer per container on top (overlayfs). */
import { chmod, mkdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { SandboxError } from "./runtime.ts";

/** The kernel takes one page of mount options. */
const OPTIONS_LIMIT = 4095;

export type OverlayPlan = {
  /** Mounting must happen here: the paths in `options` are relative to it. */
  cwd: string;
  options: string;
  merged: string;
};

/** Makes the directories of a writable layer below `directory`, with a writable /tmp in it. */
export async function prepareOverlay(directory: string): Promise<void> {
  const temp = join(writableLayer(directory), "tmp");
  await Promise.all([
    mkdir(temp, { recursive: true }).then(() => chmod(temp, 0o1777)),
    mkdir(join(directory, "work"), { recursive: true }),
    mkdir(join(directory, "merged"), { recursive: true }),
  ]);
}

/** Where a container's changes are. */
export function writableLayer(directory: string): string {
  return join(directory, "upper");
}

/** Mount options that lay `layers` (lowest first) below the writable layer of `directory`. Throws SandboxError when there are too many. */
export function planOverlay(layers: readonly string[], directory: string, extra: readonly string[] = []): OverlayPlan {
  const [first] = layers;
  if (first === undefined) throw new SandboxError("CreateContainerError", "the image has no layers: nothing to run");
  const cwd = commonDirectory(layers);
  const lower = layers.toReversed().map((layer) => escaped(relative(cwd, layer) || "."));
  const options = [
    `lowerdir=${lower.join(":")}`,
    `upperdir=${escaped(writableLayer(directory))}`,
    `workdir=${escaped(join(directory, "work"))}`,
    ...extra,
  ].join(",");
  if (options.length > OPTIONS_LIMIT)
    throw new SandboxError(
      "CreateContainerError",
      `the image has ${layers.length} layers, more than one overlay mount can take: squash some of them`,
    );
  return { cwd, options, merged: join(directory, "merged") };
}

function commonDirectory(paths: readonly string[]): string {
  let common = dirname(paths[0] ?? "/");
  while (!paths.every((path) => path.startsWith(common === "/" ? "/" : `${common}/`))) common = dirname(common);
  return common;
}

function escaped(path: string): string {
  return path.replace(/[\\,:]/g, (character) => `\\${character}`);
}
