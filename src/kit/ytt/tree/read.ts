/** Reads YAML text into a tree, with comments at the nodes that they belong to. */
import type { Budget } from "../budget.ts";
import { Parser, type RawDocument, type RawNode } from "../yaml/parser.ts";
import { resolvePlain, resolveStrict, resolveTagged, type Scalar, TAG_PREFIX } from "../yaml/resolve.ts";
import { type Comment, YamlFault } from "../yaml/tokens.ts";
import { attachComments } from "./comments.ts";
import { toPlain } from "./convert.ts";
import {
  ArrayItem,
  ArrayNode,
  type Collection,
  DocumentNode,
  DocumentSet,
  MapItem,
  MapNode,
  type NodeComment,
  type Plain,
} from "./nodes.ts";
import { type Position, positionAt, UNKNOWN } from "./position.ts";

export type ReadOptions = {
  readonly file: string;
  readonly budget: Budget;
  readonly strict?: boolean;
  readonly withoutComments?: boolean;
};

/** Reads all documents of a text. Throws YamlFault with the line in the text. */
export function readYaml(text: string, options: ReadOptions): DocumentSet {
  options.budget.make(text.length);
  const marked = /^\s*---\s/.test(text);
  try {
    const documents = new TreeReader(marked ? text : `---\n${text}`, marked ? 1 : 0, options).read();
    const [first] = documents.items;
    if (!marked && first && first.position.line === undefined) first.position = positionAt(options.file, 1);
    for (const document of documents.items) placeCollections(document);
    return documents;
  } catch (error) {
    if (!(error instanceof YamlFault) || marked || error.line === 0) throw error;
    throw new YamlFault(Math.max(error.line - 1, 1), error.problem);
  }
}

/** Maps and arrays are where their parent is. */
function placeCollections(parent: DocumentNode | MapItem | ArrayItem): void {
  const value = parent.value;
  if (!(value instanceof MapNode) && !(value instanceof ArrayNode)) return;
  value.position = parent.position;
  for (const item of value.items) placeCollections(item);
}

class TreeReader {
  readonly #lines: readonly string[];
  readonly #parser: Parser;
  readonly #shift: number;
  readonly #options: ReadOptions;
  readonly #open = new Set<RawNode>();

  /** `shift` is added to lines that count from 0. */
  constructor(text: string, shift: number, options: ReadOptions) {
    this.#lines = text.split("\n");
    this.#parser = new Parser(text);
    this.#shift = shift;
    this.#options = options;
  }

  read(): DocumentSet {
    const set = new DocumentSet([], { ...UNKNOWN, file: this.#options.file });
    let waiting: NodeComment[] = [];
    for (let raw = this.#parser.document(); raw; raw = this.#parser.document()) {
      const document = this.#document(raw, set.items.length === 0);
      document.comments = waiting;
      waiting = this.#options.withoutComments
        ? []
        : attachComments(
            document,
            raw.comments.map((one) => this.#comment(one)),
          );
      set.items.push(document);
    }
    if (waiting.length > 0) {
      const end = new DocumentNode(null);
      end.comments = waiting;
      end.injected = true;
      set.items.push(end);
    }
    return set;
  }

  #document(raw: RawDocument, first: boolean): DocumentNode {
    const position =
      first && raw.line + this.#shift === 0 ? { ...UNKNOWN, file: this.#options.file } : this.#at(raw.line);
    return new DocumentNode(this.#value(raw.node), position);
  }

  #at(line: number): Position {
    return positionAt(this.#options.file, line + this.#shift, this.#lines[line] ?? "");
  }

  #comment({ text, line }: Comment): NodeComment {
    return { text, position: this.#at(line) };
  }

  #value(raw: RawNode): Plain {
    this.#options.budget.makeNode();
    switch (raw.kind) {
      case "scalar":
        return this.#scalar(raw);
      case "alias":
        if (this.#open.has(raw.target)) throw new YamlFault(0, `anchor '${raw.name}' value contains itself`);
        return this.#value(raw.target);
      default:
        return this.#collection(raw);
    }
  }

  #collection(raw: Extract<RawNode, { kind: "mapping" | "sequence" }>): Collection {
    if (this.#open.has(raw)) throw new YamlFault(0, "anchor value contains itself");
    this.#open.add(raw);
    const node =
      raw.kind === "mapping"
        ? new MapNode(this.#items(raw), { ...UNKNOWN, file: this.#options.file })
        : new ArrayNode(raw.items.map(({ line, node: item }) => new ArrayItem(this.#value(item), this.#at(line))));
    this.#open.delete(raw);
    return node;
  }

  #scalar({ tag, value, plain }: Extract<RawNode, { kind: "scalar" }>): Scalar {
    if (tag !== "" && tag !== "!") return resolveTagged(tag, value);
    if (!plain || tag === "!") return value;
    return this.#options.strict ? resolveStrict(value) : resolvePlain(value).value;
  }

  #items(raw: Extract<RawNode, { kind: "mapping" }>): MapItem[] {
    return raw.pairs.flatMap(([key, value]) => {
      if (isMergeKey(key)) return this.#merged(value);
      return [new MapItem(toPlain(this.#value(key)), this.#value(value), this.#at(key.line))];
    });
  }

  /** What `<<` brings in. A later map of a list replaces what the earlier brought, as upstream does. */
  #merged(value: RawNode): MapItem[] {
    const source = value.kind === "alias" ? value.target : value;
    if (source.kind === "mapping") return (this.#value(value) as MapNode).items;
    if (source.kind !== "sequence" || value.kind === "alias") throw wantMap();
    let items: MapItem[] = [];
    for (const { node } of source.items.toReversed()) {
      const target = node.kind === "alias" ? node.target : node;
      if (target.kind !== "mapping") throw wantMap();
      items = (this.#value(node) as MapNode).items;
    }
    return items;
  }
}

function wantMap(): YamlFault {
  return new YamlFault(0, "map merge requires map or sequence of maps as the value");
}

function isMergeKey(key: RawNode): boolean {
  return key.kind === "scalar" && key.value === "<<" && (key.plain || key.tag === `${TAG_PREFIX}merge`);
}
