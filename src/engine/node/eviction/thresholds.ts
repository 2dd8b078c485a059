/** When a machine has too little of something left: hard eviction thresholds. Pure. */
import type { DiskSpace, Headroom } from "../registration/machine.ts";

export type PressureCondition = "MemoryPressure" | "DiskPressure" | "PIDPressure";

/** Something of which there is less than there should be. */
export type Shortage = {
  condition: PressureCondition;
  /** As messages name it. */
  resource: "memory" | "ephemeral-storage" | "inodes" | "pids";
  /** In bytes, or in inodes or processes. */
  threshold: number;
  available: number;
};

const MIB = 1024 ** 2;
const MEMORY = 100 * MIB;
const PROCESSES = 256;
/**
 * A kubelet's shares of a disk, but of a large disk no more than so many bytes: this machine is not for pods alone, and a
 * tenth of its disk may be a lot.
 */
const NODE_DISK = { share: 0.1, mostBytes: 1024 * MIB, inodes: 0.05 };
const IMAGE_DISK = { share: 0.15, mostBytes: 1536 * MIB, inodes: 0.05 };

/** Bytes of a file system that are not for pods. */
export function diskReserve({ totalBytes }: DiskSpace): number {
  return reserveOf(totalBytes, NODE_DISK);
}

/** Everything that has run short; what cannot be told never has. */
export function shortagesOf({ memoryBytes, disk, imageDisk, processes }: Headroom): Shortage[] {
  const memory = { condition: "MemoryPressure", resource: "memory", threshold: MEMORY } as const;
  const pids = { condition: "PIDPressure", resource: "pids", threshold: PROCESSES } as const;
  return [
    ...(memoryBytes !== undefined && memoryBytes < MEMORY ? [{ ...memory, available: memoryBytes }] : []),
    ...diskShortages(disk, NODE_DISK),
    ...diskShortages(imageDisk, IMAGE_DISK),
    ...(processes !== undefined && processes < PROCESSES ? [{ ...pids, available: processes }] : []),
  ];
}

function diskShortages(disk: DiskSpace, limits: typeof NODE_DISK): Shortage[] {
  const found: Shortage[] = [];
  const condition = "DiskPressure";
  const threshold = reserveOf(disk.totalBytes, limits);
  if (disk.freeBytes < threshold)
    found.push({ condition, resource: "ephemeral-storage", threshold, available: disk.freeBytes });
  const inodes = Math.ceil(disk.totalInodes * limits.inodes);
  if (disk.freeInodes < inodes)
    found.push({ condition, resource: "inodes", threshold: inodes, available: disk.freeInodes });
  return found;
}

function reserveOf(totalBytes: number, { share, mostBytes }: typeof NODE_DISK): number {
  return Math.min(Math.floor(totalBytes * share), mostBytes);
}
