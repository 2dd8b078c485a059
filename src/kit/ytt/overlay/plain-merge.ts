/** Makes plain YAML merge like values: maps deeply, everything else replaced. */
import { Fault } from "../errors.ts";
import { hasTemplating } from "../template/annotations.ts";
import { type Annotation, ArrayNode, childrenOf, isNode, type Node } from "../tree/nodes.ts";
import { UNKNOWN } from "../tree/position.ts";

/** Annotates the nodes in place. Throws Fault when the YAML has annotations already. */
export function annotatePlainMerge(node: Node): void {
  if (hasTemplating(node))
    throw new Fault("Expected to be plain YAML, having no annotations (hint: remove comments starting with `#@`)");
  annotate(node);
}

function annotate(node: Node): void {
  const annotations = new Map<string, Annotation>([["overlay/match", option("missing_ok")]]);
  for (const child of childrenOf(node)) {
    if (isNode(child) && !(child instanceof ArrayNode)) annotate(child);
    else annotations.set("overlay/replace", option("or_add"));
  }
  node.annotations = annotations;
}

function option(name: string): Annotation {
  return { position: UNKNOWN, args: [], keywords: [[name, true]] };
}
