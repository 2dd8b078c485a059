/**
 * Kubernetes JSONPath (k8s.io/client-go/util/jsonpath): one path expression without the `{range}` language.
 * Supports fields, quoted fields, indexes, slices, unions, wildcards, recursive descent and filters.
 */
import { isObject } from "./json.ts";

type Step = (values: unknown[]) => unknown[];

/** A path that does not parse. */
export class JsonPathError extends Error {
  override name = "JsonPathError";
}

const compiled = new Map<string, Step[]>();

/** Every value that `path` finds below `root`; missing fields yield nothing. Throws JsonPathError when it does not parse. */
export function findAll(root: unknown, path: string): unknown[] {
  let steps = compiled.get(path);
  if (!steps) {
    steps = new Parser(path).parse();
    if (compiled.size > 4096) compiled.clear();
    compiled.set(path, steps);
  }
  return steps.reduce<unknown[]>((values, step) => step(values), [root]);
}

/** The first value that `path` finds, or undefined. */
export function findFirst(root: unknown, path: string): unknown {
  return findAll(root, path)[0];
}

function field(name: string): Step {
  return (values) =>
    values.flatMap((value) =>
      isObject(value) && Object.hasOwn(value, name) && value[name] !== undefined ? [value[name]] : [],
    );
}

/**
 * A quoted member: a field of that name, or, when there is none and the name has dots, the path that they make
 * (kubectl columns use both). A backslash before a dot makes it part of the name.
 */
function quotedField(quoted: string): Step {
  const name = quoted.replaceAll("\\.", ".");
  const parts = quoted.split(/(?<!\\)\./).map((part) => field(part.replaceAll("\\.", ".")));
  if (parts.length === 1) return field(name);
  return (values) => {
    const direct = field(name)(values);
    return direct.length > 0 ? direct : parts.reduce((found, step) => step(found), values);
  };
}

const wildcard: Step = (values) =>
  values.flatMap((value) => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []));

const descend: Step = (values) => values.flatMap((value) => [value, ...descend(wildcard([value]))]);

function slice(start: number | undefined, end: number | undefined, stride: number): Step {
  return (values) =>
    values.flatMap((value) =>
      Array.isArray(value) ? value.slice(start, end).filter((_, index) => index % stride === 0) : [],
    );
}

function index(position: number): Step {
  return (values) =>
    values.flatMap((value) => {
      const item = Array.isArray(value) ? value.at(position) : undefined;
      return item === undefined ? [] : [item];
    });
}

function union(steps: Step[]): Step {
  return (values) => steps.flatMap((step) => step(values));
}

const COMPARE: { [operator: string]: (left: unknown, right: unknown) => boolean } = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => (left as number) < (right as number),
  "<=": (left, right) => (left as number) <= (right as number),
  ">": (left, right) => (left as number) > (right as number),
  ">=": (left, right) => (left as number) >= (right as number),
};

class Parser {
  private at = 0;
  private readonly text: string;

  constructor(path: string) {
    const bare = path.trim();
    this.text = bare.startsWith("{") && bare.endsWith("}") ? bare.slice(1, -1).trim() : bare;
  }

  parse(): Step[] {
    const steps: Step[] = [];
    if (this.text.startsWith("$") || this.text.startsWith("@")) this.at = 1;
    else if (/^[A-Za-z_*]/.test(this.text)) steps.push(this.name());
    while (this.at < this.text.length) steps.push(this.step());
    return steps;
  }

  private step(): Step {
    if (this.take("..")) return descend;
    if (this.take("."))
      return this.at >= this.text.length || this.text[this.at] === "[" ? (values) => values : this.name();
    if (this.take("[")) return this.bracket();
    if (/[\w*]/.test(this.text[this.at] ?? "")) return this.name();
    throw this.error(`unexpected "${this.text[this.at]}"`);
  }

  private name(): Step {
    if (this.take("*")) return wildcard;
    let name = "";
    while (this.at < this.text.length && !/[.[\]\s]/.test(this.text[this.at] ?? "")) {
      if (this.text[this.at] === "\\") this.at++;
      name += this.text[this.at++] ?? "";
    }
    if (!name) throw this.error("expected a field name");
    return field(name);
  }

  private bracket(): Step {
    if (this.take("?(")) return this.filter();
    const end = this.closing("]");
    const body = this.text.slice(this.at, end);
    this.at = end + 1;
    const members = splitTopLevel(body, ",").map((member) => this.member(member.trim()));
    return members.length === 1 && members[0] ? members[0] : union(members);
  }

  private member(text: string): Step {
    if (text === "*") return wildcard;
    const quoted = /^'(.*)'$|^"(.*)"$/.exec(text);
    if (quoted) return quotedField(quoted[1] ?? quoted[2] ?? "");
    if (/^-?\d+$/.test(text)) return index(Number(text));
    const range = /^(-?\d*):(-?\d*)(?::(\d+))?$/.exec(text);
    if (range) return slice(toNumber(range[1]), toNumber(range[2]), toNumber(range[3]) ?? 1);
    throw this.error(`invalid index "${text}"`);
  }

  private filter(): Step {
    const end = this.closing(")");
    const body = this.text.slice(this.at, end).trim();
    this.at = end + 1;
    if (!this.take("]")) throw this.error("unterminated filter");
    const test = compileFilter(body);
    return (values) => wildcard(values).filter(test);
  }

  private closing(bracket: string): number {
    let depth = 0;
    for (let at = this.at, quote = ""; at < this.text.length; at++) {
      const char = this.text[at] ?? "";
      if (quote) quote = char === quote ? "" : quote;
      else if (char === "'" || char === '"') quote = char;
      else if (char === bracket && depth === 0) return at;
      else if (char === "[" || char === "(") depth++;
      else if (char === "]" || char === ")") depth--;
    }
    throw this.error(`missing "${bracket}"`);
  }

  private take(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  private error(why: string): JsonPathError {
    return new JsonPathError(`invalid path "${this.text}": ${why} at ${this.at}`);
  }
}

function toNumber(text: string | undefined): number | undefined {
  return text ? Number(text) : undefined;
}

function splitTopLevel(text: string, separator: string): string[] {
  const parts: string[] = [""];
  let quote = "";
  for (const char of text) {
    if (quote) quote = char === quote ? "" : quote;
    else if (char === "'" || char === '"') quote = char;
    if (char === separator && !quote) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts;
}

function compileFilter(body: string): (value: unknown) => boolean {
  const match = /^(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+)$/.exec(body);
  if (!match) return (value) => findAll(value, body).length > 0;
  const [, left = "", operator = "==", right = ""] = match;
  const compare = COMPARE[operator] ?? (() => false);
  return (value) => {
    const found = operand(value, left.trim());
    return found.length > 0 && compare(found[0], operand(value, right.trim())[0]);
  };
}

function operand(value: unknown, text: string): unknown[] {
  if (/^[@$.]/.test(text)) return findAll(value, text);
  const quoted = /^'(.*)'$|^"(.*)"$/.exec(text);
  if (quoted) return [quoted[1] ?? quoted[2]];
  if (text === "true" || text === "false") return [text === "true"];
  return Number.isNaN(Number(text)) ? [text] : [Number(text)];
}
