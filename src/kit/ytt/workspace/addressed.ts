/** Data values and schemas that are meant for a library. */
import { Fault, named } from "../errors.ts";
import { asBool, asString } from "../library/define.ts";
import type { DocumentNode } from "../tree/nodes.ts";
import { described } from "../tree/position.ts";

/** One step on the way to a library. */
export type LibraryReference = { readonly path: string; readonly alias: string };

const ANNOTATION = "library/ref";

/** A document with the way that it still has to go. */
export class Addressed {
  readonly document: DocumentNode;
  readonly way: readonly LibraryReference[];
  /** Overrides what the calling template gives. */
  readonly afterLibrary: boolean;
  readonly #original: readonly LibraryReference[];
  readonly #kind: string;
  #used = false;

  constructor(
    document: DocumentNode,
    way: readonly LibraryReference[],
    more: { readonly kind: string; readonly afterLibrary?: boolean; readonly original?: readonly LibraryReference[] },
  ) {
    this.document = document;
    this.way = way;
    this.afterLibrary = more.afterLibrary ?? false;
    this.#original = more.original ?? way;
    this.#kind = more.kind;
  }

  get used(): boolean {
    return this.#used;
  }

  /** Reads the address from the annotations of a document. Throws Fault. */
  static read(document: DocumentNode, kind: "Data Value" | "Schema"): Addressed {
    const annotation = document.annotations.get(ANNOTATION);
    let way: LibraryReference[] = [];
    if (annotation) {
      if (annotation.args.length !== 1)
        throw new Fault(`Expected ${ANNOTATION} annotation to have one arg, got ${annotation.args.length}`);
      const text = asString(annotation.args[0]);
      way = named(`Annotation ${ANNOTATION}`, () => parseReference(text));
    }
    let afterLibrary = false;
    for (const [name, value] of kind === "Data Value"
      ? (document.annotations.get("data/values")?.keywords ?? [])
      : []) {
      if (name !== "after_library_module") throw new Fault(`Unknown kwarg ${name} for annotation data/values`);
      afterLibrary = asBool(value);
      if (way.length === 0)
        throw new Fault(
          `Annotation data/values: Expected kwarg 'after_library_module' to be used with ${ANNOTATION} annotation`,
        );
    }
    return new Addressed(document, way, { kind, afterLibrary });
  }

  /** The document one step further, undefined when it is not for this library. */
  forLibrary(library: LibraryReference): Addressed | undefined {
    const [next, ...rest] = this.way;
    if (next && !matches(next, library)) return undefined;
    this.#used = true;
    return new Addressed(this.document.copy(), rest, {
      kind: this.#kind,
      afterLibrary: this.afterLibrary,
      original: this.#original,
    });
  }

  description(): string {
    return `${this.#kind} belonging to library '@${this.#original.map(referenceText).join("@")}' on ${described(this.document.position)}`;
  }
}

function matches(wanted: LibraryReference, library: LibraryReference): boolean {
  const path = wanted.path === library.path;
  if (wanted.alias === "") return path;
  return wanted.alias === library.alias && (wanted.path === "" || path);
}

export function referenceText({ path, alias }: LibraryReference): string {
  return alias === "" ? path : `${path}~${alias}`;
}

function parseReference(text: string): LibraryReference[] {
  if (text === "") throw new Fault("Expected library ref to not be empty");
  if (!text.startsWith("@")) throw new Fault("Expected library ref to start with '@'");
  return text
    .slice(1)
    .split("@")
    .map((piece) => {
      const [path = "", alias, more] = piece.split("~");
      if (more !== undefined)
        throw new Fault(`Expected library ref to have form: '@path', '@~alias', or '@path~alias', got: '${text}'`);
      if (alias === "") throw new Fault("Expected library alias to not be empty");
      return { path, alias: alias ?? "" };
    });
}

/** Throws Fault when documents for libraries were never used. */
export function checkUsed(values: readonly Addressed[], schemas: readonly Addressed[]): void {
  const unusedValues = values.filter(({ used }) => !used);
  const unusedSchemas = schemas.filter(({ used }) => !used);
  const all = [...unusedValues, ...unusedSchemas];
  if (all.length === 0) return;
  const kinds = [unusedValues.length > 0 ? "data values" : "", unusedSchemas.length > 0 ? "schema" : ""];
  throw new Fault(
    `Expected all provided library ${kinds.filter((kind) => kind !== "").join(", and ")} documents to be used but found unused: ${all.map((one) => one.description()).join(", ")}`,
  );
}
