/** Finds matches in time proportional to the text: all ways are followed at once, so no pattern can hang. */
import { type Rune, runeAt } from "../../bytes.ts";
import type { Instruction, RegexProgram } from "./compile.ts";
import type { Assertion } from "./syntax.ts";

/** Start and end of the whole match and of each group, in bytes; undefined for groups without a match. */
export type Match = readonly (number | undefined)[];

type Thread = { readonly pc: number; readonly slots: Match };

/** The leftmost match at or after byte `from`. `step` is called for the work done. */
export function findMatch(
  program: RegexProgram,
  text: string,
  from: number,
  step: (count: number) => void,
): Match | undefined {
  let current: Thread[] = [];
  let best: Match | undefined;
  let at = from;
  for (;;) {
    const rune = at < text.length ? runeAt(text, at) : undefined;
    const ready: Thread[] = [];
    const seen = new Set<number>();
    for (const { pc, slots } of current) follow(program.code, { pc, slots }, { text, at, rune }, ready, seen);
    if (!best) follow(program.code, { pc: 0, slots: [] }, { text, at, rune }, ready, seen);
    step(seen.size + 1);
    current = [];
    for (const { pc, slots } of ready) {
      const instruction = program.code[pc] as Instruction;
      if (instruction.op === "match") {
        best = slots;
        break;
      }
      if (rune && instruction.op === "set" && instruction.test(rune.code)) current.push({ pc: pc + 1, slots });
    }
    if (!rune || (current.length === 0 && best)) return best;
    at += rune.size;
  }
}

type Place = { readonly text: string; readonly at: number; readonly rune: Rune | undefined };

/** Adds the instructions that wait for a character, in order of preference. */
function follow(code: readonly Instruction[], start: Thread, place: Place, ready: Thread[], seen: Set<number>): void {
  const waiting: Thread[] = [start];
  for (let thread = waiting.pop(); thread; thread = waiting.pop()) {
    const { pc, slots } = thread;
    if (seen.has(pc)) continue;
    seen.add(pc);
    const instruction = code[pc] as Instruction;
    switch (instruction.op) {
      case "jump":
        waiting.push({ pc: instruction.to, slots });
        break;
      case "split":
        waiting.push({ pc: instruction.second, slots }, { pc: instruction.first, slots });
        break;
      case "save":
        waiting.push({ pc: pc + 1, slots: withSlot(slots, instruction.slot, place.at) });
        break;
      case "assert":
        if (holds(instruction.assertion, place)) waiting.push({ pc: pc + 1, slots });
        break;
      default:
        ready.push(thread);
    }
  }
}

function withSlot(slots: Match, slot: number, at: number): Match {
  const copy = [...slots];
  copy[slot] = at;
  return copy;
}

function holds(assertion: Assertion, { text, at }: Place): boolean {
  switch (assertion) {
    case "text-start":
      return at === 0;
    case "text-end":
      return at === text.length;
    case "line-start":
      return at === 0 || text[at - 1] === "\n";
    case "line-end":
      return at === text.length || text[at] === "\n";
    default: {
      const boundary = isWord(text[at - 1]) !== isWord(text[at]);
      return boundary === (assertion === "word");
    }
  }
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /[0-9A-Za-z_]/.test(char);
}
