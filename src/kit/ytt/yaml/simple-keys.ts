/** Places where a key without `?` may have begun: one for each flow collection that is open, and one outside of all. */
import type { Reader } from "./reader.ts";
import type { Mark } from "./tokens.ts";

export type SimpleKey = {
  possible: boolean;
  /** Must a `:` follow? */
  readonly required: boolean;
  /** Number of the token, counted from the begin of the text. */
  readonly number: number;
  readonly mark: Mark;
};

const NO_KEY: SimpleKey = { possible: false, required: false, number: 0, mark: { index: 0, line: 0, column: 0 } };
/** A key is on one line, and no longer than this many bytes. */
const LONGEST = 1024;

export class SimpleKeys {
  readonly #reader: Reader;
  readonly #keys: SimpleKey[] = [{ ...NO_KEY }];

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Goes into a flow collection. */
  enter(): void {
    this.#keys.push({ ...NO_KEY });
  }

  /** Goes out of the innermost flow collection. */
  leave(): void {
    this.#keys.pop();
  }

  /** Notes that a key may begin here with the token of this number. Throws YamlFault. */
  save(number: number, required: boolean): void {
    this.remove();
    this.#keys[this.#keys.length - 1] = { possible: true, required, number, mark: this.#reader.mark };
  }

  /** Nothing that began in the innermost collection is a key. Throws YamlFault when it must be one. */
  remove(): void {
    const key = this.#keys.at(-1);
    if (key) this.#forget(key);
  }

  /** Forgets keys that are too long, or on an earlier line. Throws YamlFault when one of them must be a key. */
  dropStale(): void {
    const { line, at } = this.#reader;
    for (const key of this.#keys) if (key.mark.line !== line || key.mark.index + LONGEST < at) this.#forget(key);
  }

  #forget(key: SimpleKey): void {
    if (key.possible && key.required) this.#reader.fail("could not find expected ':'");
    key.possible = false;
  }

  mayBeginAt(number: number): boolean {
    return this.#keys.some((key) => key.possible && key.number === number);
  }

  /** The key that the `:` here belongs to, undefined when there is none. */
  take(): SimpleKey | undefined {
    const key = this.#keys.at(-1);
    if (!key?.possible) return undefined;
    key.possible = false;
    return key;
  }
}
