/** The syntax tree of a CEL expression. Macros are nodes of their own; operators are calls. */
import type { Value } from "./values.ts";

type At = {
  /** Offset in the source where an error about this node points. */
  readonly at: number;
};

export type LoopMacro = "all" | "exists" | "exists_one" | "filter" | "map" | "transformList" | "transformMap";

export type Loop = At & {
  readonly kind: "loop";
  readonly macro: LoopMacro;
  readonly range: Node;
  /** One variable for items or keys, or two for index and item, or key and value. */
  readonly variables: readonly string[];
  /** Which items count; always given but for `map` and the transforms. */
  readonly test?: Node;
  /** What the items become, for `map` and the transforms. */
  readonly result?: Node;
};

export type Node =
  | (At & { readonly kind: "literal"; readonly value: Value })
  | (At & { readonly kind: "ident"; readonly name: string })
  | (At & { readonly kind: "select"; readonly operand: Node; readonly field: string; readonly optional: boolean })
  | (At & { readonly kind: "has"; readonly operand: Node; readonly field: string })
  | (At & { readonly kind: "index"; readonly operand: Node; readonly index: Node; readonly optional: boolean })
  | (At & { readonly kind: "call"; readonly name: string; readonly target?: Node; readonly args: readonly Node[] })
  | (At & { readonly kind: "list"; readonly items: readonly { readonly node: Node; readonly optional: boolean }[] })
  | (At & {
      readonly kind: "map";
      readonly entries: readonly { readonly key: Node; readonly value: Node; readonly optional: boolean }[];
    })
  | (At & { readonly kind: "and" | "or"; readonly left: Node; readonly right: Node })
  | (At & { readonly kind: "conditional"; readonly test: Node; readonly yes: Node; readonly no: Node })
  | (At & {
      readonly kind: "optMap";
      readonly target: Node;
      readonly variable: string;
      readonly body: Node;
      /** The body gives an optional itself. */
      readonly flat: boolean;
    })
  | Loop;
