/** What this machine is and how much of it is left. */
import { readFile, statfs } from "node:fs/promises";
import { arch, availableParallelism, release, totalmem } from "node:os";

const ARCHITECTURES: { readonly [arch: string]: string } = { x64: "amd64", arm64: "arm64" };

/** What does not change while the program runs. */
export type Machine = {
  architecture: string;
  cores: number;
  memoryBytes: number;
  kernelVersion: string;
  osImage: string;
  machineID: string;
  systemUUID: string;
  bootID: string;
};

/** Reads what the machine tells about itself; what it does not tell is empty. */
export async function readMachine(): Promise<Machine> {
  const [machineID, systemUUID, bootID, system] = await Promise.all(
    ["/etc/machine-id", "/sys/class/dmi/id/product_uuid", "/proc/sys/kernel/random/boot_id", "/etc/os-release"].map(
      readText,
    ),
  );
  return {
    architecture: ARCHITECTURES[arch()] ?? arch(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(system ?? "")?.[1] ?? "Linux",
    machineID: machineID ?? "",
    systemUUID: systemUUID ?? "",
    bootID: bootID ?? "",
  };
}

/** A file system; without inodes of its own it has none in total and none free. */
export type DiskSpace = { totalBytes: number; freeBytes: number; totalInodes: number; freeInodes: number };

/** How much is left; undefined where it cannot be told. */
export type Headroom = {
  memoryBytes?: number | undefined;
  /** What pods write to, and what images are unpacked on: often the same. */
  disk: DiskSpace;
  imageDisk: DiskSpace;
  processes?: number | undefined;
};

/** The file system that `directory` is on; free is what ordinary users may take. */
async function readDisk(directory: string): Promise<DiskSpace> {
  const { blocks, bavail, bsize, files, ffree } = await statfs(directory);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize, totalInodes: files, freeInodes: ffree };
}

/** Measures the machine, and the file systems that the directories are on. */
export async function readHeadroom(directory: string, imageDirectory: string): Promise<Headroom> {
  const [memory, limit, load, disk, imageDisk] = await Promise.all([
    readText("/proc/meminfo"),
    readText("/proc/sys/kernel/pid_max"),
    readText("/proc/loadavg"),
    readDisk(directory),
    readDisk(imageDirectory),
  ]);
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(memory)?.[1];
  const tasks = /\/(\d+) /.exec(load)?.[1];
  return {
    memoryBytes: available === undefined ? undefined : Number(available) * 1024,
    disk,
    imageDisk,
    processes: tasks === undefined || limit === "" ? undefined : Number(limit) - Number(tasks),
  };
}

async function readText(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "")).trim();
}
