/** Evaluates a library: schema, data values, templates, overlays. */
import { Fault, named } from "../errors.ts";
import { printDocuments } from "../library/yaml.ts";
import { MATCH } from "../overlay/annotations.ts";
import { applyOverlay, applyToFiles } from "../overlay/apply.ts";
import { buildSchema } from "../schema/build.ts";
import { schemaFault } from "../schema/failure.ts";
import { assignItem, checkNode, copyInitial, type ItemType } from "../schema/types.ts";
import { addOwnRules, validate } from "../schema/validate.ts";
import { Thread } from "../starlark/thread.ts";
import { emptyDocument } from "../tree/convert.ts";
import { DocumentNode, DocumentSet, isEmptyDocument, walkTree } from "../tree/nodes.ts";
import { Addressed, checkUsed } from "./addressed.ts";
import type { Evaluation, ExecutionOptions, OutputFile, Result, Schema, StartEvaluation } from "./evaluation.ts";
import { extractDocuments, onlyDocuments } from "./extract.ts";
import { type FileInLibrary, isTemplate, type LibraryPlace } from "./files.ts";
import { libraryModuleMaker } from "./library-module.ts";
import { type Exports, type LibraryModuleMaker, Loader } from "./loader.ts";
import type { Session } from "./session.ts";

const DATA_VALUES = "data/values";
const DATA_VALUES_SCHEMA = "data/values-schema";

export class Execution implements Evaluation {
  readonly #session: Session;
  readonly #place: LibraryPlace;
  readonly #options: ExecutionOptions;
  /** Files that are not output because they are data values or schema. */
  readonly #inputs = new Set<FileInLibrary["file"]>();

  constructor(session: Session, place: LibraryPlace, options: ExecutionOptions) {
    this.#session = session;
    this.#place = place;
    this.#options = options;
  }

  #thread(): Thread {
    return new Thread(this.#session.budget);
  }

  #loader(values: DocumentNode, libraryModule: LibraryModuleMaker): Loader {
    return new Loader(this.#session, this.#options, values, libraryModule);
  }

  #plainLoader(): Loader {
    return this.#loader(emptyDocument(), this.#libraryModule([], []));
  }

  #libraryModule(values: readonly Addressed[], schemas: readonly Addressed[]): LibraryModuleMaker {
    const start: StartEvaluation = (place, options) => new Execution(this.#session, place, options);
    return libraryModuleMaker({ start, budget: this.#session.budget, options: this.#options, values, schemas });
  }

  /** The schema of this library, and the schemas for libraries below. Throws Fault. */
  schema(overlays: readonly Addressed[]): { schema: Schema; forLibraries: Addressed[] } {
    const loader = this.#plainLoader();
    const files = this.#filesWith(DATA_VALUES_SCHEMA, loader);
    const names = [
      ...files.map(({ file }) => file.path),
      ...(overlays.length > 0 ? ["additional data value schema"] : []),
    ];
    return named(`Overlaying data values schema (in following order: ${names.join(", ")})`, () => {
      const own = files.flatMap((file) =>
        this.#inputDocuments(
          loader,
          file,
          DATA_VALUES_SCHEMA,
          `Expected schema file '${file.file.path}' to only have schema documents`,
        ),
      );
      const all = [...own.map((document) => Addressed.read(document, "Schema")), ...overlays];
      for (const { document } of all) buildSchema(document, this.#session.budget);
      const merged = this.#mergeAll(all.filter(({ way }) => way.length === 0).map(({ document }) => document));
      return {
        schema: merged && buildSchema(merged, this.#session.budget),
        forLibraries: all.filter(({ way }) => way.length > 0),
      };
    });
  }

  /** The data values of this library, and those for libraries below. Throws Fault. */
  values(overlays: readonly Addressed[], schema: Schema): { values: DocumentNode; forLibraries: Addressed[] } {
    const loader = this.#plainLoader();
    const files = this.#filesWith(DATA_VALUES, loader);
    const names = [...files.map(({ file }) => file.path), ...(overlays.length > 0 ? ["additional data values"] : [])];
    const result = named(`Overlaying data values (in following order: ${names.join(", ")})`, () => {
      const own = files.flatMap((file) =>
        this.#inputDocuments(
          loader,
          file,
          DATA_VALUES,
          `Expected data values file '${file.file.path}' to only have data values documents`,
        ),
      );
      const all = [...own.map((document) => Addressed.read(document, "Data Value")), ...overlays];
      const here = all.filter(({ way }) => way.length === 0).map(({ document }) => document);
      if (schema) here.unshift(new DocumentNode(copyInitial(schema.initial), schema.position));
      const values = this.#mergeAll(here, (document) => checkTypes(document, schema)) ?? emptyDocument();
      return { values, forLibraries: all.filter(({ way }) => way.length > 0) };
    });
    if (!this.#options.skipValidation) {
      addOwnRules(result.values);
      this.#validate(result.values);
    }
    return result;
  }

  #validate(values: DocumentNode): void {
    try {
      validate(values, this.#thread());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(`Validating final data values:\n${error.message}`, { cause: error });
    }
  }

  #filesWith(annotation: string, loader: Loader): FileInLibrary[] {
    const found = this.#place.current.list().filter(({ file }) => {
      if (file.kind !== "yaml" || file.isLibrary) return false;
      const has = extractDocuments(loader.readPlain(file), annotation).matched.length > 0;
      if (has) this.#inputs.add(file);
      return has;
    });
    return found.sort((x, y) => x.file.order - y.file.order);
  }

  #inputDocuments(
    loader: Loader,
    { file, library }: FileInLibrary,
    annotation: string,
    complaint: string,
  ): DocumentNode[] {
    return named(`Templating file '${file.path}'`, () => {
      const { documents } = loader.evaluateYaml({ current: library, root: this.#place.root }, file);
      return onlyDocuments(documents, annotation, complaint);
    });
  }

  /** Each document is an overlay of what came before; `check` sees every state. */
  #mergeAll(
    documents: readonly DocumentNode[],
    check: (merged: DocumentNode) => void = () => {},
  ): DocumentNode | undefined {
    let merged: DocumentNode | undefined;
    for (const document of documents) {
      if (merged) {
        const left = new DocumentSet([merged]);
        applyOverlay(left, new DocumentSet([document]), { thread: this.#thread(), exact: true });
        merged = left.items[0] as DocumentNode;
      } else merged = document;
      check(merged);
    }
    return merged;
  }

  /** Evaluates all files with the data values. Throws Fault. */
  evaluate(values: DocumentNode, libraryValues: readonly Addressed[], librarySchemas: readonly Addressed[]): Result {
    const loader = this.#loader(values, this.#libraryModule(libraryValues, librarySchemas));
    const texts: { file: FileInLibrary; output: OutputFile }[] = [];
    const sets = new Map<FileInLibrary, DocumentSet>();
    const exports: { path: string; symbols: Exports }[] = [];
    for (const entry of this.#place.current.list()) {
      const { file, library, path } = entry;
      const place = { current: library, root: this.#place.root };
      if (isTemplate(file) && !this.#inputs.has(file)) {
        if (file.kind === "yaml") sets.set(entry, loader.evaluateYaml(place, file).documents);
        else texts.push({ file: entry, output: { path, documents: [], text: loader.evaluateText(place, file).text } });
      } else if (file.isLibrary && file.kind !== "data") {
        const symbols =
          file.kind === "starlark"
            ? loader.evaluateStarlark(place, file)
            : (file.kind === "yaml" ? loader.evaluateYaml(place, file) : loader.evaluateText(place, file)).exports;
        exports.push({ path, symbols });
      }
    }
    checkUsed(libraryValues, librarySchemas);
    const yaml = this.#applyOverlays(sets).map(([file, { items }]) => {
      const text = named("Marshaling template result", () => printDocuments(items, this.#session.budget));
      return { file, output: { path: file.path, documents: items, text } };
    });
    const files = [...texts, ...yaml].sort((x, y) => x.file.file.order - y.file.file.order).map(({ output }) => output);
    return { files, documents: new DocumentSet(yaml.flatMap(({ output }) => [...output.documents])), exports };
  }

  /** Takes the overlays out and applies them to everything else, in the order of the files. */
  #applyOverlays(sets: ReadonlyMap<FileInLibrary, DocumentSet>): [FileInLibrary, DocumentSet][] {
    const sorted = [...sets].sort(([x], [y]) => x.file.order - y.file.order);
    const overlays = sorted
      .map(([file, set]) => ({ file, documents: set.items.filter(({ annotations }) => annotations.has(MATCH)) }))
      .filter(({ documents }) => documents.length > 0);
    for (const [, set] of sorted)
      set.items = set.items.filter((document) => !document.annotations.has(MATCH) && !isEmptyDocument(document));
    const left = sorted.filter(([, set]) => set.items.length > 0);
    const order = overlays.map(({ file }) => file.path).join(", ");
    named(`Overlaying (in following order: ${order})`, () => {
      for (const { documents } of overlays)
        for (const document of documents)
          applyToFiles(
            left.map(([, set]) => set),
            new DocumentSet([document]),
            { thread: this.#thread() },
          );
    });
    return left;
  }
}

/** Assigns types, fills in defaults, checks. Throws Fault with the box of complaints. */
function checkTypes(document: DocumentNode, schema: Schema): void {
  if (!schema) return;
  const failures = assignItem(schema, document);
  if (failures.length === 0)
    walkTree(document, (node) => {
      const type = node.attached.type as ItemType | undefined;
      if (type?.kind === "item" && type.validation) node.attached.validations = [type.validation];
      failures.push(...checkNode(node));
    });
  if (failures.length > 0) throw schemaFault("One or more data values were invalid", failures);
}
