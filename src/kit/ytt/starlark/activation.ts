/** One open call: where its variables are and which line it is at. */
import type { Frame } from "../errors.ts";
import type { Module, Scope } from "./callables.ts";
import type { Thread } from "./thread.ts";

/** One open call and where its variables are. */
export type Activation = {
  readonly thread: Thread;
  readonly frame: Frame;
  readonly module: Module;
  readonly scope: Scope;
  readonly slotNames: readonly string[];
};

/** The variables `depth` functions further out. */
export function scopeAt(scope: Scope, depth: number): Scope {
  let found = scope;
  for (let i = 0; i < depth; i++) found = found.outer as Scope;
  return found;
}

/** Notes the line that the current call is at, for errors. */
export function remember(active: Activation, line: number): void {
  if (line > 0) active.frame.line = line;
}
