/** YAML files as they were read and compiled, so that the same text is read once. */
import type { CompiledTemplate } from "../template/program.ts";
import type { DocumentSet } from "../tree/nodes.ts";

/** Never changed by a rendering. */
export type ReadFile = {
  readonly documents: DocumentSet;
  readonly templated: boolean;
  template?: CompiledTemplate;
};

/** Forgets what was not asked for the longest time when the texts together exceed `characters`. */
export class FileCache {
  readonly #characters: number;
  readonly #files = new Map<string, ReadFile>();
  #held = 0;

  constructor(characters = 4_000_000) {
    this.#characters = characters;
  }

  /** The file that was read under this key, which has the whole text in it; else what `read` gives. */
  take(key: string, read: () => ReadFile): ReadFile {
    const known = this.#files.get(key);
    const file = known ?? read();
    if (known) this.#files.delete(key);
    else this.#held += key.length;
    this.#files.set(key, file);
    this.#shrink();
    return file;
  }

  #shrink(): void {
    for (const key of this.#files.keys()) {
      if (this.#held <= this.#characters) return;
      this.#files.delete(key);
      this.#held -= key.length;
    }
  }
}
