/** What a comment means: code, a value, an annotation or nothing. */
import { Fault } from "../errors.ts";
import type { Node, NodeComment } from "../tree/nodes.ts";
import { childrenOf } from "../tree/nodes.ts";
import { described, type Position } from "../tree/position.ts";

const CODE = "template/code";
const VALUE = "template/value";
const COMMENT = "comment";

export type AnnotationText = { readonly name: string; readonly content: string; readonly position: Position };

/** Reads the comment of a node. Throws Fault for a comment that is not ytt's, unless they are ignored. */
export function readComment({ text, position }: NodeComment, node: Position, ignoreUnknown: boolean): AnnotationText {
  if (text.startsWith("!")) return { name: COMMENT, content: text.slice(1), position };
  if (!text.startsWith("@")) {
    if (ignoreUnknown) return { name: COMMENT, content: text, position };
    throw new Fault(
      `Failed to parse line ${position.line ?? "?"}: '#${text}': Expected ytt-formatted string (use '#@' for annotations or code, '#!' for comments)`,
    );
  }
  const blank = text.indexOf(" ");
  const name = blank < 0 ? text.slice(1) : text.slice(1, blank);
  const content = blank < 0 ? "" : text.slice(blank + 1);
  if (name !== "") return { name, content, position };
  const inline = node.line !== undefined && node.line === position.line;
  return { name: inline ? VALUE : CODE, content, position };
}

/** The comments of one node, sorted by meaning. */
export type Metas = {
  readonly code: readonly AnnotationText[];
  readonly values: readonly AnnotationText[];
  readonly annotations: readonly AnnotationText[];
  /** Does a block end after the node? */
  readonly needsEnd: boolean;
};

const NODE_BLOCKS = /^(\s*)(if|else|elif|for|def)\/end/;

/** Sorts the comments of a node. Throws Fault when they contradict the node or each other. */
export function readMetas(node: Node, ignoreUnknown: boolean): Metas {
  const code: AnnotationText[] = [];
  const values: AnnotationText[] = [];
  const annotations: AnnotationText[] = [];
  let needsEnd = false;
  for (const comment of node.comments) {
    const found = readComment(comment, node.position, ignoreUnknown);
    if (found.name === COMMENT) continue;
    if (found.name === VALUE) {
      const [first] = childrenOf(node);
      if (first !== undefined && first !== null)
        throw new Fault(
          `Expected YAML node at ${described(found.position)} to have either computed or YAML value, but found both`,
        );
      values.push(found);
    } else if (found.name === CODE) {
      if (needsEnd)
        throw new Fault(`Unexpected code at ${described(found.position)} after use of '*/end', expected YAML node`);
      needsEnd = NODE_BLOCKS.test(found.content);
      code.push({ ...found, content: found.content.replace(NODE_BLOCKS, "$1$2") });
    } else annotations.push(found);
  }
  return { code, values, annotations, needsEnd };
}

/** Does any node have a comment that is code, a value or an annotation? */
export function hasTemplating(node: Node): boolean {
  const templated = node.comments.some((comment) => readComment(comment, node.position, true).name !== COMMENT);
  return templated || childrenOf(node).some((child) => isTree(child) && hasTemplating(child));
}

function isTree(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "comments" in value;
}
