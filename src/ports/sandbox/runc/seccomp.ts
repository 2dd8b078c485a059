/** Denied system calls, in the form of an OCI runtime configuration. */
import { CLONE_NEW_NAMESPACES, DENIED_CALLS, DENIED_FAMILIES, ENOSYS, EPERM } from "../system-calls.ts";

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
      deny(Object.keys(DENIED_CALLS)),
      // A C library that gets ENOSYS for clone3 falls back to clone, whose flags can be checked.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      ...namespaceFlags().map((flag) =>
        deny(["clone"], [{ index: 0, value: flag, valueTwo: flag, op: "SCMP_CMP_MASKED_EQ" }]),
      ),
      ...DENIED_FAMILIES.map((family) => deny(["socket"], [{ index: 0, value: family, op: "SCMP_CMP_EQ" }])),
    ],
  };
}

/** Each CLONE_NEW* bit by itself: a rule matches when its bit is set. */
function namespaceFlags(): number[] {
  return Array.from({ length: 31 }, (_, bit) => 2 ** bit).filter((flag) => (CLONE_NEW_NAMESPACES & flag) !== 0);
}
