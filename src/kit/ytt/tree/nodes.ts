/** The tree of a YAML file: documents, maps, arrays and their items, with positions, comments and annotations. */
import type { Value } from "../starlark/values.ts";
import type { OrderedMap } from "./ordered-map.ts";
import { type Position, UNKNOWN } from "./position.ts";

/** What a node can hold. A list or OrderedMap is a plain value that is not a tree (yet). */
export type Plain = null | boolean | bigint | number | string | Plain[] | OrderedMap<Plain> | Collection;
export type Collection = DocumentSet | MapNode | ArrayNode;
export type Node = Collection | Item;
export type Item = DocumentNode | MapItem | ArrayItem;

export type NodeComment = { readonly text: string; readonly position: Position };

/** The arguments of one annotation. */
export type Annotation = {
  readonly position: Position;
  readonly args: readonly Value[];
  readonly keywords: readonly (readonly [string, Value])[];
};

/** Facts that later phases attach to a node, such as its type in a schema. */
export type Attachment = { type?: unknown; validations?: unknown };

abstract class Base {
  position: Position;
  comments: NodeComment[] = [];
  annotations = new Map<string, Annotation>();
  attached: Attachment = {};

  constructor(position: Position = UNKNOWN) {
    this.position = position;
  }

  protected copyTo<N extends Base>(node: N): N {
    node.comments = [...this.comments];
    node.annotations = new Map(this.annotations);
    node.attached = { ...this.attached };
    return node;
  }
}

export class DocumentSet extends Base {
  readonly kind = "document set";
  items: DocumentNode[];

  constructor(items: DocumentNode[] = [], position?: Position) {
    super(position);
    this.items = items;
  }

  copy(): DocumentSet {
    return this.copyTo(
      new DocumentSet(
        this.items.map((item) => item.copy()),
        this.position,
      ),
    );
  }
}

export class DocumentNode extends Base {
  readonly kind = "document";
  value: Plain;
  /** Made only to hold the comments after the last document. */
  injected = false;

  constructor(value: Plain, position?: Position) {
    super(position);
    this.value = value;
  }

  copy(): DocumentNode {
    const copy = this.copyTo(new DocumentNode(copyPlain(this.value), this.position));
    copy.injected = this.injected;
    return copy;
  }
}

export class MapNode extends Base {
  readonly kind = "map";
  items: MapItem[];

  constructor(items: MapItem[] = [], position?: Position) {
    super(position);
    this.items = items;
  }

  copy(): MapNode {
    return this.copyTo(
      new MapNode(
        this.items.map((item) => item.copy()),
        this.position,
      ),
    );
  }
}

export class MapItem extends Base {
  readonly kind = "map item";
  key: Plain;
  value: Plain;

  constructor(key: Plain, value: Plain, position?: Position) {
    super(position);
    this.key = key;
    this.value = value;
  }

  copy(): MapItem {
    return this.copyTo(new MapItem(this.key, copyPlain(this.value), this.position));
  }
}

export class ArrayNode extends Base {
  readonly kind = "array";
  items: ArrayItem[];

  constructor(items: ArrayItem[] = [], position?: Position) {
    super(position);
    this.items = items;
  }

  copy(): ArrayNode {
    return this.copyTo(
      new ArrayNode(
        this.items.map((item) => item.copy()),
        this.position,
      ),
    );
  }
}

export class ArrayItem extends Base {
  readonly kind = "array item";
  value: Plain;

  constructor(value: Plain, position?: Position) {
    super(position);
    this.value = value;
  }

  copy(): ArrayItem {
    return this.copyTo(new ArrayItem(copyPlain(this.value), this.position));
  }
}

function copyPlain(value: Plain): Plain {
  return value instanceof Base ? (value as Collection).copy() : value;
}

export function isCollection(value: unknown): value is Collection {
  return value instanceof DocumentSet || value instanceof MapNode || value instanceof ArrayNode;
}

export function isNode(value: unknown): value is Node {
  return value instanceof Base;
}

/** Items of a collection, the value of an item. */
export function childrenOf(node: Node): readonly (Node | Plain)[] {
  return "items" in node ? node.items : [node.value];
}

/** Calls `visit` for the node and every node below it, outer ones first. */
export function walkTree(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const child of childrenOf(node)) if (isNode(child)) walkTree(child, visit);
}

/** A document with nothing in it is not printed. */
export function isEmptyDocument({ value }: DocumentNode): boolean {
  return value === null || ((value instanceof MapNode || value instanceof ArrayNode) && value.items.length === 0);
}

/** The name of a type for messages. */
export function typeName(value: unknown): string {
  if (value instanceof Base) return (value as Node).kind;
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "boolean":
      return "boolean";
    case "bigint":
      return "integer";
    case "number":
      return "float";
    case "string":
      return "string";
    default:
      return "map";
  }
}
