/** `@ytt:library`: private libraries, evaluated with data values of their own. */
import type { Budget } from "../budget.ts";
import { Fault, named } from "../errors.ts";
import { asBool, asString, boolOption, type Call, checkNames, fn, makeModule, only } from "../library/define.ts";
import { annotatePlainMerge } from "../overlay/plain-merge.ts";
import { ModuleValue } from "../starlark/callables.ts";
import type { Value } from "../starlark/values.ts";
import { toPlainValue } from "../template/conversion.ts";
import { Fragment, toValue } from "../template/fragment.ts";
import { toComputedTree, toPlain, toTree } from "../tree/convert.ts";
import { DocumentNode } from "../tree/nodes.ts";
import { Addressed, type LibraryReference, referenceText } from "./addressed.ts";
import type { Evaluation, ExecutionOptions, Result, Schema, StartEvaluation } from "./evaluation.ts";
import type { Library } from "./files.ts";
import type { LibraryModuleMaker } from "./loader.ts";

const OPTIONS: Readonly<Record<string, keyof ExecutionOptions>> = {
  ignore_unknown_comments: "ignoreUnknownComments",
  implicit_map_key_overrides: "implicitMapKeyOverrides",
  strict: "strict",
  dangerous_data_values_disable_validation: "skipValidation",
};

/** What the calling template has for its libraries. */
type Given = {
  readonly start: StartEvaluation;
  readonly budget: Budget;
  readonly options: ExecutionOptions;
  readonly values: readonly Addressed[];
  readonly schemas: readonly Addressed[];
};

/** Makes the module for the templates of an execution. */
export function libraryModuleMaker(given: Given): LibraryModuleMaker {
  const { options } = given;
  return ({ current }) =>
    makeModule("library", {
      get: (call) => {
        const path = asString(only(call));
        const { alias, overrides } = readOptions(call);
        if (path.startsWith("@")) throw new Fault(`Expected library '${path}' to be specified without '@'`);
        const library = current.findPrivate(path);
        const skipValidation = options.skipValidation || (overrides.skipValidation ?? false);
        const reference = { path, alias };
        return new LibraryInstance({
          ...given,
          library,
          reference,
          options: { ...options, ...overrides, skipValidation },
        }).asValue();
      },
    });
}

function readOptions({ keywords }: Call): { alias: string; overrides: Partial<ExecutionOptions> } {
  let alias = "";
  const overrides: Record<string, boolean> = {};
  for (const [name, value] of keywords) {
    const option = OPTIONS[name];
    if (name === "alias") alias = asString(value);
    else if (option) overrides[option] = asBool(value);
    else throw new Fault(`Unexpected kwarg '${name}'`);
  }
  return { alias, overrides };
}

type Parts = Given & { readonly library: Library; readonly reference: LibraryReference };

/** A library with the values given so far; never changes. */
class LibraryInstance {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  asValue(): Value {
    const described = referenceText(this.#parts.reference);
    const methods: [string, (call: Call) => Value][] = [
      ["with_data_values", (call) => this.#withValues(call)],
      ["with_data_values_schema", (call) => this.#withSchema(call)],
      ["eval", (call) => named(`Evaluating library '${described}'`, () => this.#eval(call))],
      ["export", (call) => named(`Exporting from library '${described}'`, () => this.#export(call))],
      ["data_values", (call) => named(`Exporting from library '${described}'`, () => this.#dataValues(call))],
    ];
    return new ModuleValue(
      "library",
      new Map(methods.map(([name, work]) => [name, fn(`library.${name}`, work)] as const)),
    );
  }

  #withValues(call: Call): Value {
    const plain = toPlainValue(only(call), call.thread.budget);
    checkNames(call.keywords, ["plain"]);
    const document = new DocumentNode(toComputedTree(plain));
    if (boolOption(call.keywords, "plain", false)) annotatePlainMerge(document);
    const values = [...this.#parts.values, Addressed.read(document, "Data Value")];
    return new LibraryInstance({ ...this.#parts, values }).asValue();
  }

  #withSchema(call: Call): Value {
    const document = new DocumentNode(toTree(toPlainValue(only(call), call.thread.budget)));
    const schemas = [...this.#parts.schemas, Addressed.read(document, "Schema")];
    return new LibraryInstance({ ...this.#parts, schemas }).asValue();
  }

  #inputs(): { execution: Evaluation; values: DocumentNode; forLibraries: Addressed[]; schemas: Addressed[] } {
    const { start, library, options } = this.#parts;
    const execution = start({ current: library, root: library }, options);
    const { schema, schemas } = this.#schema(execution);
    const arrived = this.#parts.values.flatMap((value) => value.forLibrary(this.#parts.reference) ?? []);
    const here = arrived.filter(({ way }) => way.length === 0);
    const ordered = [...here.filter((one) => !one.afterLibrary), ...here.filter((one) => one.afterLibrary)];
    const { values, forLibraries } = execution.values(ordered, schema);
    return {
      execution,
      values,
      forLibraries: [...forLibraries, ...arrived.filter(({ way }) => way.length > 0)],
      schemas,
    };
  }

  #schema(execution: Evaluation): { schema: Schema; schemas: Addressed[] } {
    const arrived = this.#parts.schemas.flatMap((one) => one.forLibrary(this.#parts.reference) ?? []);
    const { schema, forLibraries } = execution.schema(arrived.filter(({ way }) => way.length === 0));
    return { schema, schemas: [...forLibraries, ...arrived.filter(({ way }) => way.length > 0)] };
  }

  #result(): Result {
    const { budget } = this.#parts;
    budget.enter();
    try {
      const { execution, values, forLibraries, schemas } = this.#inputs();
      return execution.evaluate(values, forLibraries, schemas);
    } finally {
      budget.leave();
    }
  }

  #eval({ args }: Call): Value {
    if (args.length !== 0) throw new Fault("expected no arguments");
    return new Fragment(this.#result().documents);
  }

  #dataValues({ args }: Call): Value {
    if (args.length !== 0) throw new Fault("expected no arguments");
    return toValue(toPlain(this.#inputs().values.value), true);
  }

  #export(call: Call): Value {
    const name = asString(only(call));
    let path = "";
    for (const [keyword, value] of call.keywords) {
      if (keyword !== "path") throw new Fault(`Unexpected keyword argument '${keyword}'`);
      path = asString(value);
    }
    if (name.startsWith("_")) throw new Fault("Symbols starting with '_' are private, and cannot be exported");
    const found = this.#result().exports.filter((one) => one.symbols.has(name) && (path === "" || path === one.path));
    const [first] = found;
    if (!first) throw new Fault(`Expected to find exported symbol '${name}', but did not`);
    if (found.length > 1)
      throw new Fault(
        `Expected to find exactly one exported symbol '${name}', but found multiple across files: ${found.map((one) => one.path).join(", ")}`,
      );
    return first.symbols.get(name) as Value;
  }
}
