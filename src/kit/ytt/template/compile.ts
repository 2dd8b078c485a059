/** Compiles a YAML template to a program. */
import { Fault } from "../errors.ts";
import { ArrayItem, childrenOf, type DocumentSet, isNode, MapItem, type Node, type Plain } from "../tree/nodes.ts";
import type { Position } from "../tree/position.ts";
import { type Metas, readMetas } from "./annotations.ts";
import { emptied } from "./emptied.ts";
import { type CodeLine, type Instructions, NodeRegistry, ROOT_TAG, type SourceLine } from "./instructions.ts";
import { CompiledTemplate } from "./program.ts";
import { compileText, splitText } from "./text.ts";

const TEXT_TEMPLATED = "yaml/text-templated-strings";

export type CompileOptions = {
  readonly file: string;
  readonly text: string;
  readonly instructions: Instructions;
  readonly ignoreUnknownComments: boolean;
};

/** Throws Fault when comments and nodes do not go together. */
export function compileYaml(documents: DocumentSet, options: CompileOptions): CompiledTemplate {
  return new Compiler(options).compile(documents);
}

class Compiler {
  readonly #options: CompileOptions;
  readonly #lines: readonly string[];
  readonly #nodes = new NodeRegistry();
  readonly #program: CodeLine[] = [];

  constructor(options: CompileOptions) {
    this.#options = options;
    this.#lines = options.text.split("\n");
  }

  compile(documents: DocumentSet): CompiledTemplate {
    const { instructions, file } = this.#options;
    this.#dialect();
    this.#add(instructions.call("start_ctx", '"yaml"'));
    this.#node(documents, ROOT_TAG, false);
    this.#add(instructions.call("end_ctx", "None"));
    return new CompiledTemplate({ file, lines: this.#program, instructions, nodes: this.#nodes });
  }

  #add(code: string, position?: Position): void {
    this.#program.push({ code, source: position && this.#source(position) });
  }

  #source(position: Position): SourceLine | undefined {
    const content = position.line === undefined ? undefined : this.#lines[position.line - 1];
    return content === undefined ? undefined : { position, content };
  }

  #dialect(): void {
    this.#add(this.#options.instructions.call("set_ctx_type", '"yaml"'));
  }

  #node(node: Node, parent: number, inheritedText: boolean): void {
    const { instructions } = this.#options;
    const metas = readMetas(node, this.#options.ignoreUnknownComments);
    const text = inheritedText || metas.annotations.some(({ name }) => name === TEXT_TEMPLATED);
    const digested = withComments(node, metas);
    const tag = this.#nodes.add(digested, parent);
    for (const { content, position } of metas.code) this.#add(content, position);
    for (const { name, content, position } of metas.annotations) {
      this.#nodes.addAnnotation(tag, name, position);
      this.#add(`${instructions.annotation(tag, name, content)} # ${describe(digested)}`, position);
    }
    if (node instanceof MapItem && typeof node.key === "string" && text)
      this.#string(node.key, node.position, (value) =>
        instructions.call("set_map_item_key", String(tag), `(${value})`),
      );
    this.#add(`${instructions.call("start_node", String(tag))} # ${describe(digested)}`, node.position);
    if (metas.values.length > 0)
      for (const { content, position } of metas.values)
        this.#add(`${instructions.call("set_node", String(tag), `(${content})`)} # ${describe(digested)}`, position);
    else for (const child of childrenOf(digested)) this.#child(child, { node: digested, tag, text });
    if (metas.needsEnd) this.#add("end");
  }

  #child(child: Node | Plain, { node, tag, text }: { node: Node; tag: number; text: boolean }): void {
    if (isNode(child)) {
      this.#node(child, tag, text);
      return;
    }
    const { instructions } = this.#options;
    if (typeof child === "string" && text)
      this.#string(child, node.position, (value) => instructions.call("set_node", String(tag), `(${value})`));
    else this.#add(`${instructions.call("set_node", String(tag))} # ${describe(node)}`, node.position);
  }

  /** A string with `(@ … @)` in it; `use` gets the expression that is its value. */
  #string(value: string, position: Position, use: (expression: string) => string): void {
    const { file, instructions } = this.#options;
    const pieces = splitText(value, position.line ?? 1);
    const lines = compileText({ file, pieces, instructions, nodes: this.#nodes });
    const last = lines.pop();
    if (!last) throw new Fault("a text template has no end");
    for (const line of lines) {
      const source = line.source && this.#source(line.source.position);
      this.#program.push({ code: line.code, source: source && { ...source, part: line.source } });
    }
    const source = this.#source(position);
    this.#program.push({ code: use(last.code), source: source && { ...source, part: source } });
    this.#dialect();
  }
}

/** The node with only the comments that are annotations. */
function withComments(node: Node, { annotations }: Metas): Node {
  const shallow = emptied(node);
  if ("items" in shallow && "items" in node) shallow.items = node.items as never;
  else if (!("items" in shallow) && !("items" in node)) shallow.value = node.value;
  shallow.comments = annotations.map(({ name, content, position }) => ({
    text: `@${name}${content === "" ? "" : ` ${content}`}`,
    position,
  }));
  return shallow;
}

const GO_NAMES: Readonly<Record<Node["kind"], string>> = {
  "document set": "DocumentSet",
  document: "Document",
  map: "Map",
  "map item": "MapItem",
  array: "Array",
  "array item": "ArrayItem",
};

function describe(node: Node): string {
  const name = `*yamlmeta.${GO_NAMES[node.kind]}`;
  if (node instanceof MapItem) return `${name} key=${String(node.key).replace(/[\r\n]/g, " ")}`;
  return node instanceof ArrayItem ? `${name} idx=?` : name;
}
