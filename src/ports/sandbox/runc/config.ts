/** The OCI runtime configuration (`config.json`) of a container: pure. */
import { byDepth, type ContainerSpec, type Mount } from "../runtime.ts";
import { TERM } from "../terminal.ts";
import type { UserIds } from "../users.ts";
import { seccompProfile } from "./seccomp.ts";

const MASKED = [
  ..."acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats"
    .split(" ")
    .map((name) => `/proc/${name}`),
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READ_ONLY = ["bus", "fs", "irq", "sys", "sysrq-trigger"].map((name) => `/proc/${name}`);

const ROOT_CAPABILITIES =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE".split(
    " ",
  );

const CPU_PERIOD = 100_000;
/** The soft and hard limit on open files that users of container hosts are used to, where ours allows it. */
const OPEN_FILES = 1_048_576;
/** Applications go before the platform when the host runs out of memory. */
const OOM_SCORE = 900;

export type RuncSetting = {
  root: string;
  cgroup: string;
  user: UserIds;
  /** Of the user, besides those of the container's specification. */
  groups: readonly number[];
  arch: string;
  /** Our own hard limit on open files: a container cannot get more. */
  openFiles: number;
};

/** The configuration with which runc runs `spec` on the mounted root file system `setting.root`. */
export function runcConfig(spec: ContainerSpec, setting: RuncSetting): object {
  const { user } = setting;
  const openFiles = Math.min(OPEN_FILES, setting.openFiles);
  const capabilities = (spec.capabilities ?? (user.uid === 0 ? ROOT_CAPABILITIES : [])).map((name) => `CAP_${name}`);
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: spec.terminal ?? false,
      user: { ...user, additionalGids: [...new Set([...setting.groups, ...(spec.groups ?? [])])], umask: 0o022 },
      args: spec.args,
      env: Object.entries({ ...(spec.terminal && { TERM }), ...spec.env }).map(([name, value]) => `${name}=${value}`),
      cwd: spec.cwd,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: openFiles, soft: openFiles }],
      noNewPrivileges: spec.noNewPrivileges ?? true,
      oomScoreAdj: OOM_SCORE,
    },
    root: { path: setting.root, readonly: spec.rootfs.readOnly ?? false },
    hostname: spec.hostname,
    mounts: [...SYSTEM_MOUNTS, ...spec.mounts.toSorted(byDepth).map(bindMount)],
    linux: {
      cgroupsPath: setting.cgroup,
      resources: { devices: [{ allow: false, access: "rwm" }], ...limits(spec) },
      namespaces: [
        processNamespace(spec),
        { type: "ipc" },
        { type: "uts" },
        { type: "mount" },
        ...networkNamespace(spec),
      ],
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
      ...(spec.seccomp !== "unconfined" && { seccomp: seccompProfile(setting.arch) }),
      sysctl: sysctls(spec),
    },
  };
}

const SYSTEM_MOUNTS = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
  },
];

function bindMount(mount: Mount): object {
  return {
    destination: mount.target,
    type: "bind",
    source: mount.source,
    options: [
      ...["rbind", mount.followsHost ? "rslave" : "rprivate", "nosuid", "nodev", mount.readOnly ? "ro" : "rw"],
      ...(mount.noExec ? ["noexec"] : []),
    ],
  };
}

function processNamespace({ processesOf }: ContainerSpec): object {
  return { type: "pid", ...(processesOf !== undefined && { path: `/proc/${processesOf}/ns/pid` }) };
}

function networkNamespace({ network }: ContainerSpec): object[] {
  if (network.kind === "host") return [];
  return [{ type: "network", ...(network.netns && { path: network.netns }) }];
}

/** Settings of the network only where the container has one of its own. */
function sysctls({ sysctls = {}, network }: ContainerSpec): Record<string, string> {
  const entries = Object.entries(sysctls).filter(([name]) => network.kind === "netns" || !name.startsWith("net."));
  return Object.fromEntries(entries);
}

function limits({ resources }: ContainerSpec): object {
  const { memoryBytes, cpuMillis, cpuShares, pids } = resources;
  const quota = cpuMillis === undefined ? undefined : Math.max(1000, (cpuMillis * CPU_PERIOD) / 1000);
  return {
    ...(memoryBytes !== undefined && { memory: { limit: memoryBytes } }),
    cpu: {
      ...(cpuShares !== undefined && { shares: cpuShares }),
      ...(quota !== undefined && { quota: Math.round(quota), period: CPU_PERIOD }),
    },
    ...(pids !== undefined && { pids: { limit: pids } }),
  };
}
