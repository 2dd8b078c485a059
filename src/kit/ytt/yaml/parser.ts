/** From tokens to a tree of raw nodes. */

import { TAG_PREFIX } from "./resolve.ts";
import { Scanner } from "./scanner.ts";
import { type Comment, type Mark, type Token, type TokenKind, YamlFault } from "./tokens.ts";

/** A node before aliases and types are resolved. `line` counts from 0. */
export type RawNode =
  | {
      readonly kind: "scalar";
      readonly line: number;
      readonly tag: string;
      readonly value: string;
      readonly plain: boolean;
    }
  | { readonly kind: "mapping"; readonly line: number; readonly pairs: (readonly [RawNode, RawNode])[] }
  | {
      readonly kind: "sequence";
      readonly line: number;
      readonly items: { readonly line: number; readonly node: RawNode }[];
    }
  | { readonly kind: "alias"; readonly line: number; readonly name: string; readonly target: RawNode };

export type RawDocument = { readonly line: number; readonly node: RawNode; readonly comments: readonly Comment[] };

const DEEPEST = 150;
const ENDS_DOCUMENT: readonly TokenKind[] = [
  "version",
  "tag-directive",
  "document-start",
  "document-end",
  "stream-end",
];

export class Parser {
  readonly #scanner: Scanner;
  #anchors = new Map<string, RawNode>();
  #tags = new Map<string, string>();
  #first = true;
  #implicitEnd = true;
  #depth = 0;

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  /** The next document, undefined at the end. Throws YamlFault. */
  document(): RawDocument | undefined {
    this.#scanner.comments = [];
    let token = this.#scanner.peek();
    if (!this.#first && !this.#implicitEnd)
      while (token.kind === "document-end") {
        this.#scanner.take();
        token = this.#scanner.peek();
      }
    if (token.kind === "stream-end") return undefined;
    const { line } = token.start;
    const bare = this.#first && !ENDS_DOCUMENT.includes(token.kind);
    this.#directives();
    token = this.#scanner.peek();
    if (!bare) {
      if (token.kind !== "document-start") this.#fail("did not find expected <document start>", token);
      this.#scanner.take();
    }
    this.#first = false;
    this.#anchors = new Map();
    const content = this.#scanner.peek();
    const node = ENDS_DOCUMENT.includes(content.kind) ? empty(content.start) : this.#node(true, false);
    this.#implicitEnd = this.#scanner.peek().kind !== "document-end";
    if (!this.#implicitEnd) this.#scanner.take();
    return { line, node, comments: this.#scanner.comments };
  }

  #fail(problem: string, token: Token): never {
    throw new YamlFault(token.start.line, problem);
  }

  #is(...kinds: TokenKind[]): boolean {
    return kinds.includes(this.#scanner.peek().kind);
  }

  #directives(): void {
    this.#tags = new Map();
    let version = false;
    while (this.#is("version", "tag-directive")) {
      const token = this.#scanner.take();
      if (token.kind === "version") {
        if (version) this.#fail("found duplicate %YAML directive", token);
        if (token.value !== "1.1") this.#fail("found incompatible YAML document", token);
        version = true;
      } else {
        if (this.#tags.has(token.value)) this.#fail("found duplicate %TAG directive", token);
        this.#tags.set(token.value, token.suffix);
      }
    }
    for (const [handle, prefix] of [
      ["!", "!"],
      ["!!", TAG_PREFIX],
    ] as const)
      if (!this.#tags.has(handle)) this.#tags.set(handle, prefix);
  }

  #node(block: boolean, indentless: boolean): RawNode {
    if (this.#depth >= DEEPEST) this.#fail("nodes are nested too deeply", this.#scanner.peek());
    this.#depth++;
    const node = this.#content(block, indentless);
    this.#depth--;
    return node;
  }

  #content(block: boolean, indentless: boolean): RawNode {
    const first = this.#scanner.peek();
    const { line } = first.start;
    if (first.kind === "alias") {
      this.#scanner.take();
      const target = this.#anchors.get(first.value);
      if (!target) throw new YamlFault(0, `unknown anchor '${first.value}' referenced`);
      return { kind: "alias", line, name: first.value, target };
    }
    const { anchor, tag } = this.#properties();
    const anchored = <N extends RawNode>(node: N): N => {
      if (anchor !== undefined) this.#anchors.set(anchor, node);
      return node;
    };
    const token = this.#scanner.peek();
    if (indentless && token.kind === "-")
      return this.#sequence(anchored({ kind: "sequence", line, items: [] }), "indentless");
    if (token.kind === "scalar") {
      this.#scanner.take();
      const plain = (token.plain && tag === "") || tag === "!";
      return anchored({ kind: "scalar", line, tag, value: token.value, plain });
    }
    if (token.kind === "[") return this.#flowSequence(anchored({ kind: "sequence", line, items: [] }));
    if (token.kind === "{") return this.#flowMapping(anchored({ kind: "mapping", line, pairs: [] }));
    if (block && token.kind === "block-sequence-start")
      return this.#sequence(anchored({ kind: "sequence", line, items: [] }), "block");
    if (block && token.kind === "block-mapping-start")
      return this.#mapping(anchored({ kind: "mapping", line, pairs: [] }));
    if (anchor === undefined && tag === "") this.#fail("did not find expected node content", token);
    return anchored({ kind: "scalar", line, tag, value: "", plain: tag === "" });
  }

  #properties(): { anchor: string | undefined; tag: string } {
    let anchor: string | undefined;
    let tag = "";
    for (let i = 0; i < 2; i++) {
      const token = this.#scanner.peek();
      if (token.kind === "anchor" && anchor === undefined) anchor = this.#scanner.take().value;
      else if (token.kind === "tag" && tag === "") tag = this.#tag(this.#scanner.take());
    }
    return { anchor, tag };
  }

  #tag(token: Token): string {
    if (token.value === "") return token.suffix;
    const prefix = this.#tags.get(token.value);
    if (prefix === undefined) this.#fail("found undefined tag handle", token);
    return prefix + token.suffix;
  }

  #sequence(node: Extract<RawNode, { kind: "sequence" }>, style: "block" | "indentless"): RawNode {
    if (style === "block") this.#scanner.take();
    const ends: TokenKind[] = style === "block" ? ["-", "block-end"] : ["-", "?", ":", "block-end"];
    while (this.#is("-")) {
      const dash = this.#scanner.take();
      const item = this.#is(...ends) ? empty(dash.start) : this.#node(true, false);
      node.items.push({ line: dash.start.line, node: item });
    }
    if (style === "indentless") return node;
    if (!this.#is("block-end")) this.#fail("did not find expected '-' indicator", this.#scanner.peek());
    this.#scanner.take();
    return node;
  }

  #mapping(node: Extract<RawNode, { kind: "mapping" }>): RawNode {
    this.#scanner.take();
    while (this.#is("?")) {
      const mark = this.#scanner.take();
      const key = this.#is("?", ":", "block-end") ? empty(mark.start) : this.#node(true, true);
      node.pairs.push([key, this.#mappingValue()]);
    }
    if (!this.#is("block-end")) this.#fail("did not find expected key", this.#scanner.peek());
    this.#scanner.take();
    return node;
  }

  #mappingValue(): RawNode {
    if (!this.#is(":")) return empty(this.#scanner.peek().start);
    const colon = this.#scanner.take();
    return this.#is("?", ":", "block-end") ? empty(colon.start) : this.#node(true, true);
  }

  #flowSequence(node: Extract<RawNode, { kind: "sequence" }>): RawNode {
    let separator = this.#scanner.take();
    for (let first = true; !this.#is("]"); first = false) {
      if (!first) {
        if (!this.#is(",")) this.#fail("did not find expected ',' or ']'", this.#scanner.peek());
        separator = this.#scanner.take();
        if (this.#is("]")) break;
      }
      const item = this.#is("?") ? this.#singlePair() : this.#node(false, false);
      node.items.push({ line: separator.start.line, node: item });
    }
    this.#scanner.take();
    return node;
  }

  /** `[key: value]` is a sequence of one mapping. */
  #singlePair(): RawNode {
    const { line } = this.#scanner.take().start;
    const key = this.#is(":", ",", "]") ? empty(this.#scanner.peek().start) : this.#node(false, false);
    return { kind: "mapping", line, pairs: [[key, this.#flowValue("]")]] };
  }

  #flowMapping(node: Extract<RawNode, { kind: "mapping" }>): RawNode {
    this.#scanner.take();
    for (let first = true; !this.#is("}"); first = false) {
      if (!first) {
        if (!this.#is(",")) this.#fail("did not find expected ',' or '}'", this.#scanner.peek());
        this.#scanner.take();
        if (this.#is("}")) break;
      }
      if (this.#is("?")) {
        this.#scanner.take();
        const key = this.#is(":", ",", "}") ? empty(this.#scanner.peek().start) : this.#node(false, false);
        node.pairs.push([key, this.#flowValue("}")]);
      } else {
        const key = this.#node(false, false);
        node.pairs.push([key, empty(this.#scanner.peek().start)]);
      }
    }
    this.#scanner.take();
    return node;
  }

  #flowValue(close: TokenKind): RawNode {
    const { start } = this.#scanner.peek();
    if (!this.#is(":")) return empty(start);
    this.#scanner.take();
    return this.#is(",", close) ? empty(this.#scanner.peek().start) : this.#node(false, false);
  }
}

function empty(mark: Mark): RawNode {
  return { kind: "scalar", line: mark.line, tag: "", value: "", plain: true };
}
