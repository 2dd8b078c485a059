/** emptyDir volumes: directories of the pod, on disk or in memory. */
import { chmod, mkdir } from "node:fs/promises";
import type { EmptyDirVolumeSource, Pod } from "#api/builtin/types.gen.ts";
import { parseAmount } from "#kit/amount.ts";
import type { MemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import { VolumeError } from "./volume.ts";

/** Everybody in the pod may write; like /tmp without the sticky bit. */
const OPEN_TO_ALL = 0o777;

/**
 * Makes the volume at `path`; true when it has been mounted there. Without a way to mount, `medium: Memory` is a
 * directory on disk. Throws VolumeError for other media.
 */
export async function prepareEmptyDir(
  { medium = "", sizeLimit }: EmptyDirVolumeSource,
  { path, pod, memory }: { path: string; pod: Pod; memory: MemoryVolumes | undefined },
): Promise<boolean> {
  if (medium !== "" && medium !== "Memory")
    throw new VolumeError(
      `emptyDir medium "${medium}" is not supported by this node: use Memory, or none for the disk`,
    );
  await mkdir(path, { recursive: true });
  const mounts = medium === "Memory" && memory !== undefined;
  if (mounts) await memory.mount(path, memoryBound(pod, parseAmount(sizeLimit)));
  await chmod(path, OPEN_TO_ALL);
  return mounts;
}

/** The smaller of the volume's limit and what the pod's containers may use together, in bytes. */
function memoryBound({ spec }: Pod, sizeLimit: number | undefined): number | undefined {
  const limits = spec.containers.map(({ resources }) => parseAmount(resources?.limits?.memory));
  const bounds = limits.every((limit) => limit !== undefined) ? [limits.reduce((sum, limit) => sum + limit, 0)] : [];
  if (sizeLimit !== undefined && sizeLimit > 0) bounds.push(sizeLimit);
  return bounds.length > 0 ? Math.floor(Math.min(...bounds)) : undefined;
}
