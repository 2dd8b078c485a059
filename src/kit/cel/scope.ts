/** What names mean at a place in an expression. */
import type { Node } from "./ast.ts";
import { CompileError } from "./errors.ts";
import type { Planned } from "./frame.ts";
import type { Library } from "./overload.ts";
import { showType, type Type } from "./types.ts";

export type Scope = {
  readonly source: string;
  readonly library: Library;
  /** Type and place of each variable. */
  readonly variables: ReadonlyMap<string, { readonly type: Type; readonly slot: number }>;
  /** Called with every variable that is referred to. */
  readonly onReference: (name: string) => void;
  /** Called with the type of every node. */
  readonly onType?: (node: Node, type: Type) => void;
};

/** Plans a node that is part of another. */
export type Plan = (node: Node, scope: Scope) => Planned;

/** A call that no overload takes. */
export function noOverload(
  name: string,
  target: Type | undefined,
  args: readonly Type[],
  at: number,
  scope: Scope,
): CompileError {
  const list = `${target ? `${showType(target)}.` : ""}(${args.map(showType).join(", ")})`;
  return new CompileError(`found no matching overload for '${name}' applied to '${list}'`, scope.source, at);
}
