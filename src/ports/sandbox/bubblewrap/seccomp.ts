/** Denied system calls as a filter program for the kernel (classic BPF), which is what bubblewrap takes. Pure. */
import {
  CLONE,
  CLONE_NEW_NAMESPACES,
  CLONE3,
  DENIED_CALLS,
  DENIED_FAMILIES,
  ENOSYS,
  EPERM,
  SOCKET,
} from "../system-calls.ts";

/** By the names of Node.js: which of the numbers of a call is its own, and how the kernel marks its calls. */
const ARCHITECTURES: { readonly [arch: string]: { index: 0 | 1; audit: number } } = {
  x64: { index: 0, audit: 0xc000003e },
  arm64: { index: 1, audit: 0xc00000b7 },
};

const LOAD = 0x20;
const RETURN = 0x06;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;

/** Where the kernel puts what it asks about: `struct seccomp_data`. Of an argument, the lower half. */
const CALL = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

/** Calls of the 32-bit variant of x86-64 begin here. */
const X32_CALLS = 0x4000_0000;
const ALLOW = 0x7fff_0000;
const FAIL = 0x0005_0000;
const INSTRUCTION_SIZE = 8;

type Label = "allow" | "deny" | "unknown" | "not clone";
/** Jumps lead to a label, or to the next instruction. */
type Instruction = { code: number; value: number; met?: Label; unmet?: Label; label?: Label };

/** The filter for a Node.js architecture name; undefined where the numbers of system calls are not known. */
export function seccompFilter(arch: string): Buffer | undefined {
  const known = ARCHITECTURES[arch];
  return known && assemble(program(known));
}

function program({ index, audit }: { index: 0 | 1; audit: number }): Instruction[] {
  const denied = Object.values(DENIED_CALLS).flatMap((numbers) => numbers[index] ?? []);
  const numberOf = (numbers: typeof CLONE): number => numbers[index] ?? 0;
  return [
    { code: LOAD, value: ARCHITECTURE },
    { code: IF_EQUAL, value: audit, unmet: "unknown" },
    { code: LOAD, value: CALL },
    { code: IF_AT_LEAST, value: X32_CALLS, met: "unknown" },
    // A C library that is told so falls back to clone, whose flags can be seen.
    { code: IF_EQUAL, value: numberOf(CLONE3), met: "unknown" },
    ...denied.map((number): Instruction => ({ code: IF_EQUAL, value: number, met: "deny" })),
    { code: IF_EQUAL, value: numberOf(CLONE), unmet: "not clone" },
    { code: LOAD, value: FIRST_ARGUMENT },
    { code: IF_ANY_BIT, value: CLONE_NEW_NAMESPACES, met: "deny", unmet: "allow" },
    { code: IF_EQUAL, value: numberOf(SOCKET), unmet: "allow", label: "not clone" },
    { code: LOAD, value: FIRST_ARGUMENT },
    ...DENIED_FAMILIES.map((family): Instruction => ({ code: IF_EQUAL, value: family, met: "deny" })),
    { code: RETURN, value: ALLOW, label: "allow" },
    { code: RETURN, value: FAIL | EPERM, label: "deny" },
    { code: RETURN, value: FAIL | ENOSYS, label: "unknown" },
  ];
}

function assemble(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * INSTRUCTION_SIZE);
  instructions.forEach(({ code, value, met, unmet }, at) => {
    const distance = (label: Label | undefined): number =>
      label === undefined ? 0 : instructions.findIndex((instruction) => instruction.label === label) - at - 1;
    const offset = at * INSTRUCTION_SIZE;
    bytes.writeUInt16LE(code, offset);
    bytes.writeUInt8(distance(met), offset + 2);
    bytes.writeUInt8(distance(unmet), offset + 3);
    bytes.writeUInt32LE(value, offset + 4);
  });
  return bytes;
}
