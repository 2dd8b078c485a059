/** Evaluates single files, and loads files into each other. */
import { Fault, named } from "../errors.ts";
import type { Native } from "../starlark/callables.ts";
import { Thread } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import { hasTemplating } from "../template/annotations.ts";
import { compileYaml } from "../template/compile.ts";
import { NodeRegistry } from "../template/instructions.ts";
import { CompiledTemplate } from "../template/program.ts";
import { TemplateRun } from "../template/run.ts";
import { compileTextFile } from "../template/text.ts";
import { TextRoot } from "../template/text-nodes.ts";
import { overrideKeys } from "../tree/convert.ts";
import { type DocumentNode, DocumentSet } from "../tree/nodes.ts";
import { positionAt } from "../tree/position.ts";
import { readYaml } from "../tree/read.ts";
import type { ReadFile } from "./file-cache.ts";
import { type FileInLibrary, type LibraryPlace, type SourceFile, startOf } from "./files.ts";
import { libraryModules } from "./modules.ts";
import type { Session, TemplateOptions } from "./session.ts";

export type Exports = ReadonlyMap<string, Value>;

/** Makes the `library` module for files at a place. */
export type LibraryModuleMaker = (place: LibraryPlace) => Value;

export class Loader {
  readonly #session: Session;
  readonly #options: TemplateOptions;
  readonly #values: DocumentNode;
  readonly #libraryModule: LibraryModuleMaker;
  readonly #templates = new Map<string, CompiledTemplate>();

  constructor(session: Session, options: TemplateOptions, values: DocumentNode, libraryModule: LibraryModuleMaker) {
    this.#session = session;
    this.#options = options;
    this.#values = values;
    this.#libraryModule = libraryModule;
  }

  /** The documents as written; they must not be changed. Throws Fault. */
  readPlain(file: SourceFile): DocumentSet {
    return this.#read(file).documents;
  }

  #read({ path, text }: SourceFile): ReadFile {
    const { budget, files } = this.#session;
    const { strict, ignoreUnknownComments } = this.#options;
    return files.take(`${path}\n${strict} ${ignoreUnknownComments}\n${text}`, () => {
      const documents = named(`Unmarshaling YAML template '${path}'`, () =>
        readYaml(text, { file: path, budget, strict }),
      );
      return { documents, templated: hasTemplating(documents) };
    });
  }

  evaluateYaml(place: LibraryPlace, file: SourceFile): { exports: Exports; documents: DocumentSet } {
    const read = this.#read(file);
    if (!read.templated) {
      const documents = read.documents.copy();
      overrideKeys(documents);
      return { exports: new Map(), documents };
    }
    const { exports, root } = this.#run(place, this.#compile(file, read));
    return { exports, documents: root instanceof DocumentSet ? root : new DocumentSet() };
  }

  #compile({ path, text }: SourceFile, read: ReadFile): CompiledTemplate {
    const instructions = this.#session.nextInstructions();
    if (read.template?.instructions.number === instructions.number) return read.template;
    const { ignoreUnknownComments } = this.#options;
    read.template = named(`Compiling YAML template '${path}'`, () =>
      compileYaml(read.documents, { file: path, text, instructions, ignoreUnknownComments }),
    );
    return read.template;
  }

  evaluateText(place: LibraryPlace, file: SourceFile): { exports: Exports; text: string } {
    this.#session.budget.make(file.text.length);
    const template = named(`Parsing text template '${file.path}'`, () =>
      compileTextFile(file.path, file.text, this.#session.nextInstructions()),
    );
    const { exports, root } = named("Evaluating text template", () => this.#run(place, template));
    return { exports, text: root instanceof TextRoot ? root.text : "" };
  }

  evaluateStarlark(place: LibraryPlace, file: SourceFile): Exports {
    this.#session.budget.make(file.text.length);
    const template = new CompiledTemplate({
      file: file.path,
      lines: file.text
        .split("\n")
        .map((code, index) => ({ code, source: { position: positionAt("", index + 1), content: code } })),
      instructions: this.#session.nextInstructions(),
      nodes: new NodeRegistry(),
    });
    return named("Evaluating starlark template", () => this.#run(place, template)).exports;
  }

  #run(place: LibraryPlace, template: CompiledTemplate): ReturnType<TemplateRun["run"]> {
    this.#templates.set(template.file, template);
    const run = new TemplateRun(template, this.#options.implicitMapKeyOverrides);
    const modules = libraryModules({
      place,
      values: this.#values,
      replace: run.replace as Native,
      library: () => this.#libraryModule(place),
    });
    const thread = new Thread(this.#session.budget, (module) => this.#load(place, module, modules));
    return run.run(thread, (file) => this.#templates.get(file));
  }

  #load(place: LibraryPlace, module: string, modules: (name: string) => Exports): Exports {
    this.#session.budget.enter();
    try {
      return this.#loadFrom(place, module, modules);
    } finally {
      this.#session.budget.leave();
    }
  }

  #loadFrom(place: LibraryPlace, module: string, modules: (name: string) => Exports): Exports {
    let from = place;
    let path = module;
    if (module.startsWith("@")) {
      const colon = module.indexOf(":");
      if (colon < 0)
        throw new Fault(
          "Expected library path to be in format '@name:path' e.g. '@github.com/vmware-tanzu/test:test.star' or '@ytt:base64'",
        );
      const name = module.slice(1, colon);
      path = module.slice(colon + 1);
      if (name === "ytt") return modules(path);
      const library = place.current.findPrivate(name);
      from = { current: library, root: library };
    }
    const start = startOf(path, from);
    return this.#evaluate(start.library.findFile(start.rest), from);
  }

  #evaluate({ file, library }: FileInLibrary, { root }: LibraryPlace): Exports {
    const place = { current: library, root };
    if (!file.isLibrary)
      throw new Fault(
        `Expected file '${file.path}' to be a library file, but was not (hint: library filename must end with '.lib.yml' or '.star'; use data.read(...) for loading non-templated file contents)`,
      );
    switch (file.kind) {
      case "yaml":
        return this.evaluateYaml(place, file).exports;
      case "starlark":
        return this.evaluateStarlark(place, file);
      case "text":
        return this.evaluateText(place, file).exports;
      default:
        throw new Fault(`File '${file.path}' type is not a known`);
    }
  }
}
