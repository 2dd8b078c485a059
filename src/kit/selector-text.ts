/** The query form of label selectors, parsed; errors are in the words of k8s.io/apimachinery. */
import { labelValueProblems } from "./qualified.ts";
import { failure } from "./status.ts";

export type LabelSelectorRequirement = { key: string; operator: string; values?: readonly string[] };

const TOKEN = /\s*(==|!=|=|!|<|>|\(|\)|,|[^\s=!<>(),]+)/y;
const SYMBOLS = new Set(["==", "!=", "=", "!", "<", ">", "(", ")", ","]);
const OPERATORS: { readonly [symbol: string]: string } = {
  "=": "In",
  "==": "In",
  "!=": "NotIn",
  ">": "Gt",
  "<": "Lt",
  gt: "Gt",
  lt: "Lt",
  in: "In",
  notin: "NotIn",
};

/** The requirements of a selector; all of them have to be met. Throws BadRequest. */
export function parseRequirements(text: string): LabelSelectorRequirement[] {
  const tokens = tokensOf(text);
  const requirements: LabelSelectorRequirement[] = [];
  const reader = new Reader(tokens);
  if (reader.next !== "" && reader.next !== "!" && isSymbol(reader.next))
    throw failure("BadRequest", `found '${reader.next}', expected: !, identifier, or 'end of string'`);
  while (reader.next !== "") {
    requirements.push(requirementOf(reader));
    if (reader.next === "") break;
    const separator = reader.take();
    if (separator !== ",") throw failure("BadRequest", `found '${separator}', expected: ',' or 'end of string'`);
    if (reader.next !== "!" && isSymbol(reader.next))
      throw failure("BadRequest", `found '${reader.next}', expected: identifier after ','`);
  }
  return requirements;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) tokens.push(match[1] ?? "");
  return tokens;
}

class Reader {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  /** The empty text at the end. */
  get next(): string {
    return this.tokens[this.at] ?? "";
  }

  take(): string {
    this.at++;
    return this.tokens[this.at - 1] ?? "";
  }
}

/** The end counts as one. */
function isSymbol(token: string): boolean {
  return token === "" || SYMBOLS.has(token);
}

function refused(found: string, expected: string): Error {
  return failure("BadRequest", `unable to parse requirement: found '${found}', expected: ${expected}`);
}

function requirementOf(reader: Reader): LabelSelectorRequirement {
  const isNegated = reader.next === "!";
  if (isNegated) reader.take();
  const key = reader.take();
  if (isSymbol(key)) throw refused(key, isNegated ? "identifier" : "!, identifier, or 'end of string'");
  if (isNegated) return { key, operator: "DoesNotExist" };
  if (reader.next === "" || reader.next === ",") return { key, operator: "Exists" };
  const symbol = reader.take();
  const operator = Object.hasOwn(OPERATORS, symbol) ? OPERATORS[symbol] : undefined;
  if (!operator) throw refused(symbol, "in, notin, =, ==, !=, gt, lt");
  const values = symbol === "in" || symbol === "notin" ? listOf(reader) : [readValue(reader)];
  for (const value of values) {
    const [problem] = operator === "Gt" || operator === "Lt" ? [] : labelValueProblems(value);
    if (problem)
      throw failure(
        "BadRequest",
        `unable to parse requirement: values[${values.indexOf(value)}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`,
      );
  }
  return { key, operator, values };
}

function readValue(reader: Reader): string {
  if (reader.next === "" || reader.next === ",") return "";
  const value = reader.take();
  if (isSymbol(value)) throw refused(value, "identifier");
  return value;
}

function listOf(reader: Reader): string[] {
  const opening = reader.take();
  if (opening !== "(") throw failure("BadRequest", `unable to parse requirement: found '${opening}' expected: '('`);
  const values: string[] = [];
  for (;;) {
    const token = reader.take();
    if (token === ")") return values.length > 0 ? values : [""];
    if (token === ",") {
      if (values.length === 0) values.push("");
      if (reader.next === ")" || reader.next === ",") values.push("");
    } else if (isSymbol(token)) throw refused(token, "',', ')' or identifier");
    else values.push(token);
  }
}
