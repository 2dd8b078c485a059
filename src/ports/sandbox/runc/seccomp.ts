/** The system calls that no application needs and that widen the kernel's attack surface: denied with EPERM. */

const DENIED = [
  ..."acct add_key adjtimex bpf clock_adjtime clock_settime create_module delete_module fanotify_init".split(" "),
  ..."finit_module fsconfig fsmount fsopen fspick get_kernel_syms init_module io_uring_enter".split(" "),
  ..."io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie".split(" "),
  ..."mbind mount mount_setattr move_mount move_pages nfsservctl open_by_handle_at open_tree".split(" "),
  ..."perf_event_open pidfd_getfd pivot_root process_madvise query_module quotactl quotactl_fd reboot".split(" "),
  ..."request_key set_mempolicy setdomainname sethostname setns settimeofday stime swapoff swapon sysfs".split(" "),
  ..."syslog umount umount2 unshare uselib userfaultfd vhangup vm86 vm86old".split(" "),
];

const ENOSYS = 38;
const EPERM = 1;
const CLONE_NEW_NAMESPACES = 0x7e020000;
const AF_ALG = 38;
const AF_VSOCK = 40;

const ARCHITECTURES: { readonly [arch: string]: readonly string[] } = {
  x64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  arm64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
};

/** The `linux.seccomp` section of an OCI runtime configuration for a Node.js architecture name. */
export function seccompProfile(arch: string): object {
  const deny = (names: readonly string[], args?: object[]): object => ({
    names,
    action: "SCMP_ACT_ERRNO",
    errnoRet: EPERM,
    ...(args && { args }),
  });
  return {
    defaultAction: "SCMP_ACT_ALLOW",
    architectures: ARCHITECTURES[arch] ?? [],
    syscalls: [
      deny(DENIED),
      // A C library that gets ENOSYS for clone3 falls back to clone, whose flags can be checked.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      ...namespaceFlags().map((flag) =>
        deny(["clone"], [{ index: 0, value: flag, valueTwo: flag, op: "SCMP_CMP_MASKED_EQ" }]),
      ),
      deny(["socket"], [{ index: 0, value: AF_ALG, op: "SCMP_CMP_EQ" }]),
      deny(["socket"], [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_EQ" }]),
    ],
  };
}

/** Each CLONE_NEW* bit by itself: a rule matches when its bit is set. */
function namespaceFlags(): number[] {
  return Array.from({ length: 31 }, (_, bit) => 2 ** bit).filter((flag) => (CLONE_NEW_NAMESPACES & flag) !== 0);
}
