/** Runs the rules about data values. */
import { Fault, named } from "../errors.ts";
import { StarFunction } from "../starlark/callables.ts";
import { isLimit, type Thread } from "../starlark/thread.ts";
import { typeOf, type Value } from "../starlark/values.ts";
import { toValue } from "../template/fragment.ts";
import { Struct } from "../template/struct.ts";
import { childrenOf, type DocumentNode, isNode, MapItem, type Node, typeName } from "../tree/nodes.ts";
import { compact } from "../tree/position.ts";
import { readValidation, type Validation } from "./validation.ts";

const ASSERT_VALIDATE = "assert/validate";

/** Adds the rules that data values bring themselves. Throws Fault. */
export function addOwnRules(node: Node): void {
  const annotation = node.annotations.get(ASSERT_VALIDATE);
  if (annotation) {
    if ("items" in node)
      throw new Fault(
        `Invalid @${ASSERT_VALIDATE} annotation - not supported on ${typeName(node)} at ${compact(node.position)}`,
      );
    const rules = (node.attached.validations as Validation[] | undefined) ?? [];
    node.attached.validations = [...rules, readValidation(annotation, ASSERT_VALIDATE)];
  }
  for (const child of childrenOf(node)) if (isNode(child)) addOwnRules(child);
}

/** Throws Fault that lists every value with the rules that it breaks. */
export function validate(document: DocumentNode, thread: Thread): void {
  const report = new Validator(thread, document).run();
  if (report !== "") throw new Fault(report);
}

class Validator {
  readonly #thread: Thread;
  readonly #root: DocumentNode;
  #report = "";

  constructor(thread: Thread, root: DocumentNode) {
    this.#thread = thread;
    this.#root = root;
  }

  run(): string {
    this.#walk(this.#root, undefined, "");
    return this.#report;
  }

  #walk(node: Node, parent: Node | undefined, path: string): void {
    for (const validation of (node.attached.validations as Validation[] | undefined) ?? [])
      this.#check(validation, node, parent, path);
    for (const [index, child] of childrenOf(node).entries()) {
      if (!isNode(child)) continue;
      const step =
        child instanceof MapItem
          ? `${path === "" ? "" : "."}${String(child.key)}`
          : child.kind === "array item"
            ? `[${index}]`
            : "";
      this.#walk(child, node, path + step);
    }
  }

  #check(validation: Validation, node: Node, parent: Node | undefined, path: string): void {
    const value = valueOfNode(node);
    const applies = named(`Validating ${path}`, () => this.#applies(validation, value, parent));
    if (!applies) return;
    const broken: string[] = [];
    for (const { message, check, critical } of validation.rules) {
      const found = this.#ask(check, value);
      if (found === undefined) continue;
      broken.push(`    - must be: ${message} (by: ${compact(validation.position)})\n`);
      if (found !== "") broken.push(`      found: ${found}\n`);
      if (critical) break;
    }
    if (broken.length === 0) return;
    const shown = path === "" ? `(${typeName(node)})` : path;
    this.#report += `  ${shown}\n    from: ${compact(node.position)}\n${broken.join("")}\n`;
  }

  /** Undefined when the rule holds, else what was found. */
  #ask(check: Value, value: Value): string | undefined {
    try {
      return this.#thread.call(check, [value]) === true ? undefined : "";
    } catch (error) {
      if (isLimit(error)) throw error;
      return (error as Fault).message.replace(/^fail: /, "").replace(/^check: /, "");
    }
  }

  #applies({ when, notNull }: Validation, value: Value, parent: Node | undefined): boolean {
    if (value === null && !notNull) return false;
    if (!when) return true;
    const args = named("Failed to evaluate when=", () => this.#whenArguments(when, value, parent));
    const answer = named("Failure evaluating when=", () => this.#thread.call(when, args));
    if (typeof answer !== "boolean") throw new Fault(`want when= to be bool, got ${typeOf(answer)}`);
    return answer;
  }

  #whenArguments(when: Value, value: Value, parent: Node | undefined): Value[] {
    const count = when instanceof StarFunction ? when.code.parameters : 1;
    if (count !== 1 && count !== 2) throw new Fault(`function must accept 1 or 2 arguments (${count} given)`);
    if (count === 1) return [value];
    const context = new Map([
      ["parent", parent ? valueOfNode(parent) : null],
      ["root", valueOfNode(this.#root)],
    ]);
    return [value, new Struct(context)];
  }
}

function valueOfNode(node: Node): Value {
  return "items" in node ? toValue(node) : toValue(node.value);
}
