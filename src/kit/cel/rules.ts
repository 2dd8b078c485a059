/** The rules of a schema (`x-kubernetes-validations`), compiled when they are first needed. */
import type { CelRule, StructuralSchema } from "../schema/structural.ts";
import { CompileError } from "./errors.ts";
import { compile, type Program } from "./program.ts";
import { typeOfSchema, withObjectMeta } from "./schema-types.ts";
import { optionalOf, type Type } from "./types.ts";

export type CompiledRule = {
  readonly rule: CelRule;
  /** What the rule may refer to. */
  readonly variables: { readonly self: Type; readonly oldSelf: Type } | undefined;
  /** Undefined when the rule does not compile; `problem` says why. */
  readonly program: Program | undefined;
  readonly problem: string | undefined;
  readonly message: Program | undefined;
  readonly messageProblem: string | undefined;
};

/** A schema node that has rules, or has them below. */
export type RuleNode = {
  readonly schema: StructuralSchema;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly items: RuleNode | undefined;
  readonly additional: RuleNode | undefined;
};

const nodes = new WeakMap<StructuralSchema, { readonly node: RuleNode | undefined }>();

/** The rules of a resource's schema; undefined when there are none. */
export function rulesOf(schema: StructuralSchema): RuleNode | undefined {
  let known = nodes.get(schema);
  if (!known) {
    known = { node: hasRules(schema) ? read(schema, true) : undefined };
    nodes.set(schema, known);
  }
  return known.node;
}

const checked = new WeakMap<StructuralSchema, boolean>();

function hasRules(schema: StructuralSchema): boolean {
  const known = checked.get(schema);
  if (known !== undefined) return known;
  // a schema that is met again while it is examined is recursive, which only built-in kinds without rules are
  checked.set(schema, false);
  const { items, additionalProperties: others, properties = {} } = schema;
  const found =
    (schema["x-kubernetes-validations"]?.length ?? 0) > 0 ||
    (items !== undefined && hasRules(items)) ||
    (typeof others === "object" && hasRules(others)) ||
    Object.values(properties).some(hasRules);
  checked.set(schema, found);
  return found;
}

function read(schema: StructuralSchema, root = false): RuleNode | undefined {
  if (!hasRules(schema)) return undefined;
  const others = schema.additionalProperties;
  const properties = new Map<string, RuleNode>();
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const node = read(field);
    if (node) properties.set(name, node);
  }
  return {
    schema: visible(schema, root),
    rules: compileRules(schema, root),
    properties,
    items: schema.items && read(schema.items),
    additional: typeof others === "object" ? read(others) : undefined,
  };
}

/** The schema as rules see it: whole objects have metadata. */
export function visible(schema: StructuralSchema, root: boolean): StructuralSchema {
  return root || schema["x-kubernetes-embedded-resource"] ? withObjectMeta(schema) : schema;
}

/** The rules of one node. `root` says that it is a whole object. Never throws: problems are in the result. */
export function compileRules(schema: StructuralSchema, root: boolean): CompiledRule[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return [];
  const self = typeOfSchema(visible(schema, root));
  if (!self)
    return rules.map((rule) => {
      const problem = `rule declared on schema that does not support validation rules type: '${schema.type ?? ""}' x-kubernetes-preserve-unknown-fields: '${schema["x-kubernetes-preserve-unknown-fields"] === true}'`;
      return { rule, variables: undefined, program: undefined, problem, message: undefined, messageProblem: undefined };
    });
  return rules.map((rule) => {
    const variables = { self, oldSelf: rule.optionalOldSelf ? optionalOf(self) : self };
    const main = tryCompile(rule.rule, variables, "bool");
    const message = rule.messageExpression ? tryCompile(rule.messageExpression, variables, "string") : {};
    return {
      rule,
      variables,
      program: main.program,
      problem: main.problem && `${main.typed ? "" : "compilation failed: "}${main.problem}`,
      message: message.program,
      messageProblem:
        message.problem &&
        (message.typed ? message.problem : `messageExpression compilation failed: ${message.problem}`),
    };
  });
}

type Compiled = { program?: Program; problem?: string; typed?: boolean };

function tryCompile(source: string, variables: Parameters<typeof compile>[1], wanted: "bool" | "string"): Compiled {
  try {
    const program = compile(source.trim(), variables);
    if (program.type.kind === wanted || (wanted === "bool" && program.type.kind === "dyn")) return { program };
    const what =
      wanted === "bool" ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string";
    return { problem: what, typed: true };
  } catch (error) {
    if (error instanceof CompileError) return { problem: error.message };
    throw error;
  }
}
