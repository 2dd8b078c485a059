/** The filter, as the kernel runs it: which calls of which machine it allows, denies, or does not know. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seccompFilter } from "./seccomp.ts";

const X64 = 0xc000003e;
const ARM64 = 0xc00000b7;
const I386 = 0x40000003;
const [ALLOW, EPERM, ENOSYS] = [0x7fff0000, 0x00050001, 0x00050026];
const NEW_USER = 0x10000000;
const THREAD = 0x3d0f00;

/** What a filter says to a call. */
function ask(filter: Buffer, call: { audit: number; number: number; first?: number }): number {
  const data = new Map([
    [0, call.number],
    [4, call.audit],
    [16, call.first ?? 0],
  ]);
  let loaded = 0;
  for (let at = 0; ; at++) {
    const offset = at * 8;
    const [code, value] = [filter.readUInt16LE(offset), filter.readUInt32LE(offset + 4)];
    const jump = (isMet: boolean): number => filter.readUInt8(offset + (isMet ? 2 : 3));
    if (code === 0x06) return value;
    if (code === 0x20) loaded = data.get(value) ?? Number.NaN;
    else if (code === 0x15) at += jump(loaded === value);
    else if (code === 0x35) at += jump(loaded >= value);
    else if (code === 0x45) at += jump((loaded & value) !== 0);
    else assert.fail(`an instruction that is not expected: ${code}`);
  }
}

describe("the filter of system calls", () => {
  for (const [what, arch, call, answer] of [
    ["read", "x64", { audit: X64, number: 0 }, ALLOW],
    ["execve", "x64", { audit: X64, number: 59 }, ALLOW],
    ["mount", "x64", { audit: X64, number: 165 }, EPERM],
    ["unshare", "x64", { audit: X64, number: 272 }, EPERM],
    ["vhangup, a late one", "x64", { audit: X64, number: 153 }, EPERM],
    ["clone3", "x64", { audit: X64, number: 435 }, ENOSYS],
    ["clone of a thread", "x64", { audit: X64, number: 56, first: THREAD }, ALLOW],
    ["clone with a namespace", "x64", { audit: X64, number: 56, first: NEW_USER | THREAD }, EPERM],
    ["an internet socket", "x64", { audit: X64, number: 41, first: 2 }, ALLOW],
    ["a socket for virtual machines", "x64", { audit: X64, number: 41, first: 40 }, EPERM],
    ["a call of x32", "x64", { audit: X64, number: 0x40000000 + 165 }, ENOSYS],
    ["a 32-bit program", "x64", { audit: I386, number: 21 }, ENOSYS],
    ["mount on arm64", "arm64", { audit: ARM64, number: 40 }, EPERM],
    ["clone with a namespace on arm64", "arm64", { audit: ARM64, number: 220, first: NEW_USER }, EPERM],
    ["a socket for keys on arm64", "arm64", { audit: ARM64, number: 198, first: 38 }, EPERM],
    ["write on arm64", "arm64", { audit: ARM64, number: 64 }, ALLOW],
  ] as const)
    it(what, () => assert.equal(ask(seccompFilter(arch) as Buffer, call), answer));

  it("is not made for machines whose calls it does not know", () => assert.equal(seccompFilter("mips"), undefined));
});
