/** Finds documents by their annotation. */
import { Fault } from "../errors.ts";
import { readComment } from "../template/annotations.ts";
import { childrenOf, DocumentNode, type DocumentSet, isEmptyDocument, isNode, type Node } from "../tree/nodes.ts";
import { compact } from "../tree/position.ts";

/** Splits documents by whether they have the annotation. Throws Fault when it stands elsewhere or twice. */
export function extractDocuments(
  set: DocumentSet,
  annotation: string,
): { matched: DocumentNode[]; others: DocumentNode[] } {
  checkPlaces(set, annotation);
  const matched: DocumentNode[] = [];
  const others: DocumentNode[] = [];
  for (const document of set.items) {
    const count = countOf(document, annotation);
    if (count > 1) throw new Fault(`${annotation} annotation may only be used once per document`);
    (count === 1 ? matched : others).push(document);
  }
  return { matched, others };
}

/** The documents with the annotation; the file may hold nothing else. Throws Fault. */
export function onlyDocuments(set: DocumentSet, annotation: string, complaint: string): DocumentNode[] {
  const { matched, others } = extractDocuments(set, annotation);
  if (others.some((document) => !isEmptyDocument(document))) throw new Fault(complaint);
  return matched;
}

function countOf(node: Node, annotation: string): number {
  return node.comments.filter((comment) => readComment(comment, node.position, true).name === annotation).length;
}

function checkPlaces(node: Node, annotation: string): void {
  if (!(node instanceof DocumentNode) && countOf(node, annotation) > 0)
    throw new Fault(
      `Found @${annotation} on ${node.kind} (${compact(node.position)}); only documents (---) can be annotated with @${annotation}`,
    );
  for (const child of childrenOf(node)) if (isNode(child)) checkPlaces(child, annotation);
}
