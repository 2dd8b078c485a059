/** Builds the result of a template while its program runs. */
import type { Budget } from "../budget.ts";
import { Fault, PanicFault } from "../errors.ts";
import { Tuple } from "../starlark/collections.ts";
import type { Value } from "../starlark/values.ts";
import {
  type Annotation,
  ArrayItem,
  ArrayNode,
  DocumentNode,
  DocumentSet,
  type Item,
  isCollection,
  MapItem,
  MapNode,
  type Plain,
  typeName,
} from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";
import { toPlainValue } from "./conversion.ts";
import { emptied } from "./emptied.ts";
import { Fragment } from "./fragment.ts";
import type { Dialect, NodeRegistry, TemplateNode } from "./instructions.ts";
import type { MapKeys } from "./map-keys.ts";
import { TextPiece, TextRoot } from "./text-nodes.ts";

/** The nodes of one level: a file, a function with YAML in it, or a string with code in it. */
export class Context {
  readonly #nodes: NodeRegistry;
  readonly #dialect: Dialect;
  readonly #budget: Budget;
  readonly #keys: MapKeys;
  readonly #pendingAnnotations = new Map<number, Map<string, Annotation>>();
  readonly #pendingKeys = new Map<number, Plain>();
  #root: TemplateNode | undefined;
  #open: { readonly tag: number; readonly node: TemplateNode }[] = [];

  constructor(nodes: NodeRegistry, dialect: Dialect, shared: { readonly budget: Budget; readonly keys: MapKeys }) {
    this.#nodes = nodes;
    this.#dialect = dialect;
    this.#budget = shared.budget;
    this.#keys = shared.keys;
  }

  get root(): TemplateNode | undefined {
    return this.#root;
  }

  /** The nodes that are being filled, outermost first. */
  get path(): TemplateNode[] {
    return this.#open.map(({ node }) => node);
  }

  /** What was built, as a value: text, or YAML. */
  result(): Value {
    if (this.#dialect === "text") return this.#root instanceof TextRoot ? this.#root.text : "";
    return new Fragment(isCollection(this.#root) ? this.#root : null);
  }

  annotate(tag: number, name: string, collected: Value): void {
    const known = this.#nodes.annotation(tag, name);
    if (!known || !(collected instanceof Tuple)) throw new Fault(`expected to find ${name} on node node tag ${tag}`);
    const [args, ...keywords] = collected.items as Tuple[];
    const annotations = this.#pendingAnnotations.get(tag) ?? new Map<string, Annotation>();
    annotations.set(name, {
      position: known.position,
      args: args?.items ?? [],
      keywords: keywords.map((pair) => [pair.items[0] as string, pair.items[1] as Value]),
    });
    this.#pendingAnnotations.set(tag, annotations);
  }

  setKey(tag: number, key: Value): void {
    this.#pendingKeys.set(tag, toPlainValue(key, this.#budget));
  }

  /** Sets the node that is being filled to a value, or (without one) to what the template says. */
  setNode(tag: number, value: Value | undefined): void {
    const node = this.#open.at(-1)?.node;
    if (!node) throw new Fault("expected to find a node to set");
    if (value !== undefined) {
      setValue(node, toPlainValue(value, this.#budget));
      return;
    }
    const original = this.#nodes.node(tag);
    if (original instanceof TextPiece && node instanceof TextPiece) node.content = original.content;
    else if (original && "value" in original) setValue(node, original.value);
  }

  startNode(tag: number): void {
    const original = this.#nodes.node(tag);
    if (!original) throw new Fault(`expected to find node tag ${tag}`);
    const node = emptied(original);
    this.#applyPending(tag, node);
    if (this.#root === undefined) {
      if (isItem(node) || node instanceof TextPiece) this.startNode(this.#nodes.parent(tag));
      else this.#root = node;
    }
    if (this.#open.length > 0) {
      this.#unwind(tag);
      const parent = this.#open.at(-1)?.node as TemplateNode;
      if (parent instanceof MapNode && node instanceof MapItem) this.#keys.makeRoom(parent, node, true);
      addChild(parent, node);
    }
    this.#open.push({ tag, node });
  }

  #applyPending(tag: number, node: TemplateNode): void {
    const annotations = this.#pendingAnnotations.get(tag);
    this.#pendingAnnotations.delete(tag);
    if (annotations && "annotations" in node) node.annotations = annotations;
    const key = this.#pendingKeys.get(tag);
    this.#pendingKeys.delete(tag);
    if (key !== undefined && node instanceof MapItem) node.key = key;
  }

  /** Closes nodes until the nearest one that is also above the new node. */
  #unwind(tag: number): void {
    const current = this.#open.at(-1)?.tag ?? 0;
    const ours = [...this.#nodes.ancestors(current), current];
    const theirs = this.#nodes.ancestors(tag);
    let common: number | undefined;
    for (let i = 0; i < ours.length && i < theirs.length && ours[i] === theirs[i]; i++) common = ours[i];
    const index = this.#open.findIndex((open) => open.tag === common);
    if (index < 0) throw new PanicFault(`expected to find node tag ${common} when unwinding`);
    this.#open = this.#open.slice(0, index + 1);
  }
}

function isItem(node: TemplateNode): node is Item {
  return node instanceof DocumentNode || node instanceof MapItem || node instanceof ArrayItem;
}

function addChild(parent: TemplateNode, child: TemplateNode): void {
  if (parent instanceof TextRoot && child instanceof TextPiece) parent.items.push(child);
  else if (parent instanceof MapNode && child instanceof MapItem) parent.items.push(child);
  else if (parent instanceof ArrayNode && child instanceof ArrayItem) parent.items.push(child);
  else if (parent instanceof DocumentSet && child instanceof DocumentNode) parent.items.push(child);
  else if (isItem(parent) && isCollection(child)) setValue(parent, child);
  else if (parent instanceof MapNode) throw new Fault(`maps can only contain map items; this is a ${child.kind}`);
  else throw new Fault(`cannot put a ${child.kind} into a ${parent.kind}`);
}

const CAN_HOLD = {
  document: "documents can only contain arrays, maps, or scalars",
  "map item": "map items can only contain arrays, maps, or scalars",
  "array item": "array items can only contain maps, arrays, or scalars",
};

/** Sets the value of an item. Throws Fault when the item cannot hold it. */
function setValue(node: TemplateNode, value: Plain): void {
  if (node instanceof TextPiece) {
    if (typeof value !== "string")
      throw new Fault(`cannot set non-string value (${goType(value)}), consider using str(...) to convert to string`);
    node.content = value;
    return;
  }
  if (!isItem(node)) throw new Fault(`cannot set value on a${node.kind === "array" ? "n" : ""} ${node.kind}`);
  if (value instanceof DocumentSet) throw new Fault(`${CAN_HOLD[node.kind]}; this is a ${typeName(value)}`);
  node.value = value;
}

function goType(value: Plain): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (value instanceof OrderedMap) return "*orderedmap.Map";
  if (isCollection(value))
    return `*yamlmeta.${value instanceof MapNode ? "Map" : value instanceof ArrayNode ? "Array" : "DocumentSet"}`;
  return { boolean: "bool", bigint: "int64", number: "float64" }[typeof value as "boolean" | "bigint" | "number"];
}
