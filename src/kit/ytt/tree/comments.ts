/** Which node a comment belongs to. */
import { childrenOf, type DocumentNode, isNode, type Node, type NodeComment } from "./nodes.ts";

/**
 * Adds each comment to the last node that begins on its line, else to the first node on the next line with one.
 * Gives the comments after the last node.
 */
export function attachComments(document: DocumentNode, comments: readonly NodeComment[]): NodeComment[] {
  const byLine = new Map<number, Node[]>();
  collect(document, byLine);
  const lines = [...byLine.keys()].sort((x, y) => x - y);
  const left: NodeComment[] = [];
  let from = 0;
  for (const comment of comments) {
    const line = comment.position.line ?? 0;
    while (from < lines.length && (lines[from] as number) < line) from++;
    const owners = byLine.get(lines[from] ?? -1);
    if (!owners) left.push(comment);
    else (lines[from] === line ? owners.at(-1) : owners[0])?.comments.push(comment);
  }
  return left;
}

function collect(node: Node, byLine: Map<number, Node[]>): void {
  const { line } = node.position;
  if (line !== undefined) {
    const nodes = byLine.get(line);
    if (nodes) nodes.push(node);
    else byLine.set(line, [node]);
  }
  for (const child of childrenOf(node)) if (isNode(child)) collect(child, byLine);
}
