/** The variables of a program by block, and which of them a name means. */
import { nearest } from "./spelling.ts";
import type { Binding, Name } from "./syntax.ts";

/** Names that a program does not define itself. */
export type KnownNames = { predeclared(name: string): boolean; universal(name: string): boolean };

/** Variables of a function, of a comprehension, or (without a parent) of the file. */
type Block = {
  readonly parent: Block | undefined;
  /** Slots of the function that the block belongs to. */
  readonly slots: string[];
  readonly isFunction: boolean;
  readonly names: Map<string, number>;
  readonly children: Block[];
  /** Names used in this function block, bound when all assignments are known. */
  readonly uses: { readonly name: Name; readonly block: Block }[];
};

export class Variables {
  readonly #known: KnownNames;
  readonly #complain: (line: number, message: string) => void;
  readonly #globals = new Map<string, number>();
  readonly #file: Block;
  #block: Block;

  constructor(slots: string[], known: KnownNames, complain: (line: number, message: string) => void) {
    this.#known = known;
    this.#complain = complain;
    this.#file = newBlock(undefined, slots, true);
    this.#block = this.#file;
  }

  /** Binds the names used in functions, now that all assignments are known; gives the names of global variables. */
  finish(): string[] {
    this.#bindUses(this.#file);
    return [...this.#globals.keys()];
  }

  get inFunction(): boolean {
    for (let block = this.#block; block.parent; block = block.parent) if (block.isFunction) return true;
    return false;
  }

  /** Does `work` in a block of its own: of a function with its slots, or of a comprehension without. */
  within(slots: string[] | undefined, work: () => void): void {
    const outer = this.#block;
    this.#block = newBlock(outer, slots ?? outer.slots, slots !== undefined);
    outer.children.push(this.#block);
    work();
    this.#block = outer;
  }

  /** A name that is assigned to. True when it had a variable already. */
  bind(name: Name): boolean {
    if (this.#block !== this.#file) return this.bindLocal(name);
    const local = this.#file.names.get(name.name);
    if (local !== undefined) {
      name.binding = { scope: "local", depth: 0, index: local };
      return true;
    }
    const before = this.#globals.get(name.name);
    const index = before ?? this.#globals.size;
    this.#globals.set(name.name, index);
    name.binding = { scope: "global", index };
    return before !== undefined;
  }

  /** Like `bind`, but at the top of a file the variable is the file's own and is not exported. */
  bindLocal(name: Name): boolean {
    const before = this.#block.names.has(name.name);
    if (!before) {
      this.#block.names.set(name.name, this.#block.slots.length);
      this.#block.slots.push(name.name);
    }
    this.use(name);
    return before;
  }

  /** A name that is read. */
  use(name: Name): void {
    if (this.#block === this.#file) {
      name.binding = this.#atTop(name, this.#file, 0);
      return;
    }
    let container = this.#block;
    while (!container.isFunction && container.parent) container = container.parent;
    container.uses.push({ name, block: this.#block });
  }

  #bindUses(block: Block): void {
    for (const child of block.children) this.#bindUses(child);
    for (const { name, block: start } of block.uses) name.binding = this.#lookUp(name, start);
  }

  #lookUp(name: Name, start: Block): Binding | undefined {
    let depth = 0;
    for (let block = start; block.parent; block = block.parent) {
      const index = block.names.get(name.name);
      if (index !== undefined) return { scope: "local", depth, index };
      if (block.isFunction) depth++;
    }
    return this.#atTop(name, start, depth);
  }

  #atTop(name: Name, from: Block, depth: number): Binding | undefined {
    const local = this.#file.names.get(name.name);
    if (local !== undefined) return { scope: "local", depth, index: local };
    const global = this.#globals.get(name.name);
    if (global !== undefined) return { scope: "global", index: global };
    if (this.#known.predeclared(name.name)) return { scope: "predeclared" };
    if (this.#known.universal(name.name)) return { scope: "universal" };
    const candidates: string[] = [...this.#globals.keys()];
    for (let block: Block | undefined = from; block; block = block.parent) candidates.push(...block.names.keys());
    const near = nearest(name.name, candidates.sort());
    this.#complain(name.line, `undefined: ${name.name}${near === undefined ? "" : ` (did you mean ${near}?)`}`);
    return undefined;
  }
}

function newBlock(parent: Block | undefined, slots: string[], isFunction: boolean): Block {
  return { parent, slots, isFunction, names: new Map(), children: [], uses: [] };
}
