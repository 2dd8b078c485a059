/** Copies of nodes without what is in them. */
import {
  ArrayItem,
  ArrayNode,
  type Collection,
  DocumentNode,
  DocumentSet,
  isCollection,
  MapItem,
  MapNode,
} from "../tree/nodes.ts";
import type { TemplateNode } from "./instructions.ts";
import { TextPiece, TextRoot } from "./text-nodes.ts";

/** A node of the same kind at the same place with the same comments: no items, no value, no annotations. */
export function emptied<Original extends TemplateNode>(node: Original): Original {
  const copy = emptyCopy(node);
  if ("comments" in copy && "comments" in node) copy.comments = [...node.comments];
  return copy as Original;
}

function emptyCopy(node: TemplateNode): TemplateNode {
  if (node instanceof TextPiece) return new TextPiece();
  if (node instanceof TextRoot) return new TextRoot();
  if (isCollection(node)) return emptyCollection(node);
  if (node instanceof MapItem) return new MapItem(node.key, null, node.position);
  if (node instanceof ArrayItem) return new ArrayItem(null, node.position);
  const copy = new DocumentNode(null, node.position);
  copy.injected = node.injected;
  return copy;
}

function emptyCollection({ kind, position }: Collection): Collection {
  if (kind === "map") return new MapNode([], position);
  return kind === "array" ? new ArrayNode([], position) : new DocumentSet([], position);
}
