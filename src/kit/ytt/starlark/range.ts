/** The values of `range` and of the iterating methods of strings. */
import { quote, runeAt } from "../bytes.ts";
import { Fault } from "../errors.ts";
import { IndexedObj, Obj, type Value, type Walk } from "./values.ts";

export class Range extends IndexedObj {
  readonly type = "range";
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly #length: number;

  constructor(start: number, stop: number, step: number) {
    super();
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.#length = Math.max(0, Math.ceil((stop - start) / step));
  }

  override truth(): boolean {
    return this.#length > 0;
  }

  override length(): number {
    return this.#length;
  }

  at(index: number): Value {
    return BigInt(this.start + index * this.step);
  }

  slice(start: number, end: number, step: number): Value {
    return new Range(this.start + this.step * start, this.start + this.step * end, this.step * step);
  }

  contains(value: bigint): boolean {
    const delta = Number(value) - this.start;
    const index = delta / this.step;
    return Number.isInteger(index) && index >= 0 && index < this.#length;
  }

  override walk(): Walk {
    let at = 0;
    return { next: () => (at < this.#length ? this.at(at++) : undefined), close: () => {} };
  }

  override hashKey(): string {
    throw new Fault("unhashable: range");
  }

  override compareSame(operator: string, other: Obj): boolean {
    if (operator !== "==" && operator !== "!=") throw new Fault(`range ${operator} range not implemented`);
    return this.#equals(other as Range) === (operator === "==");
  }

  #equals(other: Range): boolean {
    if (this.#length !== other.length()) return false;
    if (this.#length === 0) return true;
    return this.start === other.start && (this.#length === 1 || this.step === other.step);
  }

  write(): string {
    if (this.step !== 1) return `range(${this.start}, ${this.stop}, ${this.step})`;
    return this.start === 0 ? `range(${this.stop})` : `range(${this.start}, ${this.stop})`;
  }
}

/** What `elems`, `elem_ords`, `codepoints` and `codepoint_ords` of a string give. */
export class StringElements extends Obj {
  readonly type: string;
  readonly #text: string;
  readonly #method: string;

  constructor(text: string, method: string) {
    super();
    this.#text = text;
    this.#method = method;
    this.type = method.startsWith("c") ? "codepoints" : "elems";
  }

  override walk(): Walk {
    let at = 0;
    const next = (): Value | undefined => {
      if (at >= this.#text.length) return undefined;
      const { code, size } =
        this.type === "codepoints" ? runeAt(this.#text, at) : { code: this.#text.charCodeAt(at), size: 1 };
      const element = this.#method.endsWith("ords") ? BigInt(code) : this.#text.slice(at, at + size);
      at += size;
      return element;
    };
    return { next, close: () => {} };
  }

  override hashKey(): string {
    throw new Fault(`unhashable: ${this.type}`);
  }

  write(): string {
    return `${quote(this.#text)}.${this.#method}()`;
  }
}
