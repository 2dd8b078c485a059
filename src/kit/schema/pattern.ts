/** Regular expressions in Go's notation (RE2), as JavaScript's. */

const KEPT = 2000;
const patterns = new Map<string, RegExp | undefined>();

/** The pattern as a regular expression without state; undefined when it is none, or JavaScript cannot say it. */
export function compilePattern(source: string): RegExp | undefined {
  if (!patterns.has(source)) {
    if (patterns.size >= KEPT) patterns.clear();
    patterns.set(source, toRegExp(source));
  }
  return patterns.get(source);
}

/** What keeps a text from being a pattern, in Go's words as far as it is plain to see; undefined for patterns. */
export function patternProblem(source: string): string | undefined {
  const foreign = foreignPart(source);
  if (foreign) return foreign;
  if (compilePattern(source)) return undefined;
  const plain = source.replace(/\\./gs, "").replace(/\[[^\]]*\]/g, "");
  const open = plain.split("(").length;
  const closed = plain.split(")").length;
  const why = open > closed ? "missing closing )" : closed > open ? "unexpected )" : "invalid syntax";
  return `${why}: \`${source}\``;
}

const POSIX: { readonly [name: string]: string } = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "\\w",
  xdigit: "A-Fa-f0-9",
};

/** A quotation, an escape, a POSIX class or the beginning of a special group. */
const TOKEN = /\\Q(?<quoted>.*?)(?:\\E|$)|\\[pP](?:[A-Z]|\{\^?\w+\})|\\x\{\w+\}|\\.|\[:\w+:\]|\(\?(?:P?<[=!]?|[=!])?/gs;
const LETTERS = "aAbBdDfnpPrsStvwWxz";

/** What JavaScript knows and RE2 does not: looking around, and back. */
function foreignPart(source: string): string | undefined {
  for (const [token] of source.matchAll(TOKEN)) {
    if (/^\(\?(?:P?<)?[=!]$/.test(token)) return `invalid or unsupported Perl syntax: \`${token}\``;
    const [, letter = ""] = /^\\(\w)$/.exec(token) ?? [];
    if (letter && letter !== "0" && !LETTERS.includes(letter)) return `invalid escape sequence: \`${token}\``;
  }
  return undefined;
}

/** A token in JavaScript's notation. */
function translate(token: string, quoted: string | undefined): string {
  if (quoted !== undefined) return quoted.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  if (token.startsWith("[:")) return POSIX[token.slice(2, -2)] ?? token;
  if (token.startsWith("(?P<")) return "(?<";
  if (token.startsWith("\\x{")) return `\\u${token.slice(2)}`;
  if (token === "\\a") return "\\x07";
  if (token === "\\A") return "(?<![\\s\\S])";
  if (token === "\\z") return "(?![\\s\\S])";
  const [, sign = "", negation = "", name] = /^\\([pP])\{?(\^?)(\w+)\}?$/.exec(token) ?? [];
  if (name) return `\\${negation ? (sign === "p" ? "P" : "p") : sign}{${name.length > 2 ? `Script=${name}` : name}}`;
  return /^\\[^\w^$.*+?()[\]{}|/\\-]$/.test(token) ? token.slice(1) : token;
}

function toRegExp(source: string): RegExp | undefined {
  if (foreignPart(source)) return undefined;
  const [, options = "", rest = source] = /^\(\?([ims]+)\)(.*)$/s.exec(source) ?? [];
  const body = rest.replace(TOKEN, (token: string, quoted: string | undefined) => translate(token, quoted));
  for (const flags of [`u${options}`, options])
    try {
      return new RegExp(body, flags);
    } catch {
      // without the u flag JavaScript takes escapes and braces that it otherwise refuses
    }
  return undefined;
}
