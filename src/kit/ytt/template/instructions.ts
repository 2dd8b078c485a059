/** The program that a template becomes: lines of Starlark that call instructions, each with the source line it stands for. */
import type { Annotation, Node } from "../tree/nodes.ts";
import type { Position } from "../tree/position.ts";
import type { TextPiece, TextRoot } from "./text-nodes.ts";

/** A line of the template; `part` is the piece of a string in it that the code comes from. */
export type SourceLine = {
  readonly position: Position;
  readonly content: string;
  readonly part?: { readonly position: Position; readonly content: string } | undefined;
};

export type CodeLine = {
  readonly code: string;
  /** Undefined for lines that no source line stands behind. */
  readonly source: SourceLine | undefined;
};

/** Names of the instructions of one template; the number keeps templates apart in messages. */
export class Instructions {
  readonly number: number;
  readonly #prefix: string;

  constructor(number: number) {
    this.number = number;
    this.#prefix = `__ytt_tpl${number}_`;
  }

  name(instruction: Instruction): string {
    return this.#prefix + instruction;
  }

  call(instruction: Instruction, ...args: string[]): string {
    return `${this.name(instruction)}(${args.join(", ")})`;
  }

  annotation(tag: number, name: string, args: string): string {
    return this.call("start_node_annotation", String(tag), `"${name}"`, this.call("collect_node_annotation", args));
  }
}

export const INSTRUCTIONS = [
  "set_ctx_type",
  "start_ctx",
  "end_ctx",
  "start_node_annotation",
  "collect_node_annotation",
  "start_node",
  "set_node",
  "set_map_item_key",
] as const;
export type Instruction = (typeof INSTRUCTIONS)[number];

export type Dialect = "yaml" | "text";
export type TemplateNode = Node | TextRoot | TextPiece;

/** Stands above every root. */
export const ROOT_TAG = -100;

/** The nodes of a template by number. */
export class NodeRegistry {
  readonly #nodes = new Map<number, TemplateNode>();
  readonly #parents = new Map<number, number>();
  readonly #annotations = new Map<string, Position>();
  #last = 0;

  add(node: TemplateNode, parent: number): number {
    const tag = ++this.#last;
    this.#nodes.set(tag, node);
    this.#parents.set(tag, parent);
    return tag;
  }

  node(tag: number): TemplateNode | undefined {
    return this.#nodes.get(tag);
  }

  parent(tag: number): number {
    return this.#parents.get(tag) ?? ROOT_TAG;
  }

  /** Numbers of the nodes above, outermost first. */
  ancestors(tag: number): number[] {
    const path: number[] = [];
    for (let current = tag; current !== ROOT_TAG; ) {
      current = this.parent(current);
      path.unshift(current);
    }
    return path;
  }

  addAnnotation(tag: number, name: string, position: Position): void {
    this.#annotations.set(`${tag} ${name}`, position);
  }

  annotation(tag: number, name: string): Pick<Annotation, "position"> | undefined {
    const position = this.#annotations.get(`${tag} ${name}`);
    return position && { position };
  }
}
