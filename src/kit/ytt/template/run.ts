/** Runs a compiled template. */
import { Fault, LimitFault, named } from "../errors.ts";
import { Builtin, type Native } from "../starlark/callables.ts";
import { Tuple } from "../starlark/collections.ts";
import { runProgram } from "../starlark/interpreter.ts";
import type { Thread } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import { Context } from "./context.ts";
import { toPlainValue } from "./conversion.ts";
import type { Dialect, Instruction, TemplateNode } from "./instructions.ts";
import { MapKeys } from "./map-keys.ts";
import type { CompiledTemplate } from "./program.ts";
import { replaceItems } from "./replace.ts";
import { type FindTemplate, report } from "./report.ts";

/** Stands for "the instruction did it already": the node keeps what it has. */
const DONE = new Builtin("noop", () => null);

export type RunResult = {
  /** Global variables without those that begin with `_`. */
  readonly exports: ReadonlyMap<string, Value>;
  readonly root: TemplateNode | undefined;
};

/** One template that runs; `replace` serves `template.replace` of the library that the template loads. */
export class TemplateRun {
  readonly #template: CompiledTemplate;
  readonly #keys: MapKeys;
  #contexts: Context[] = [];
  #root: Context | undefined;

  constructor(template: CompiledTemplate, implicitOverrides: boolean) {
    this.#template = template;
    this.#keys = new MapKeys(implicitOverrides);
  }

  /** Throws ReportedFault for what goes wrong in the template, LimitFault when a limit ends it. */
  run(thread: Thread, find: FindTemplate): RunResult {
    try {
      return this.#run(thread);
    } catch (error) {
      if (!(error instanceof Fault) || error instanceof LimitFault) throw error;
      throw report(error, find);
    }
  }

  #run(thread: Thread): RunResult {
    const globals = runProgram(thread, this.#template.program(), this.#instructions());
    const exports = new Map([...globals].filter(([name]) => !name.startsWith("_")));
    return { exports, root: this.#root?.root };
  }

  get #context(): Context {
    const context = this.#contexts.at(-1);
    if (!context) throw new Fault("unexpected ctx end");
    return context;
  }

  readonly replace: Native = ({ args, thread }) => {
    if (args.length !== 1) throw new Fault("expected exactly one argument");
    replaceItems(this.#context.path, toPlainValue(args[0] as Value, thread.budget), this.#keys);
    return DONE;
  };

  #instructions(): Map<string, Value> {
    const natives: Readonly<Record<Instruction, (args: readonly Value[], call: Parameters<Native>[0]) => Value>> = {
      set_ctx_type: () => null,
      start_ctx: ([dialect], { thread }) => {
        const context = new Context(this.#template.nodes, dialect as Dialect, {
          budget: thread.budget,
          keys: this.#keys,
        });
        this.#contexts.push(context);
        this.#root ??= context;
        return null;
      },
      end_ctx: (args) => {
        const result = args.length > 0 ? (args[0] as Value) : this.#context.result();
        this.#contexts.pop();
        return result;
      },
      start_node_annotation: ([tag, name, collected]) => {
        this.#context.annotate(Number(tag), name as string, collected as Value);
        return null;
      },
      collect_node_annotation: (args, { keywords }) =>
        new Tuple([new Tuple(args), ...keywords.map(([name, value]) => new Tuple([name, value]))]),
      start_node: ([tag]) => {
        this.#context.startNode(Number(tag));
        return null;
      },
      set_node: ([tag, value]) => {
        if (value !== DONE) this.#context.setNode(Number(tag), value);
        return null;
      },
      set_map_item_key: ([tag, key]) => {
        this.#context.setKey(Number(tag), key as Value);
        return null;
      },
    };
    return new Map(
      Object.entries(natives).map(([instruction, work]) => {
        const name = this.#template.instructions.name(instruction as Instruction);
        return [name, new Builtin(name, (call) => named(name, () => work(call.args, call)))];
      }),
    );
  }
}
