/** Regular expressions in Go's notation (RE2), as JavaScript's. */

const KEPT = 2000;
const patterns = new Map<string, RegExp | undefined>();

/** The pattern as a regular expression without state; undefined when JavaScript cannot say it. */
export function compilePattern(source: string): RegExp | undefined {
  if (!patterns.has(source)) {
    if (patterns.size >= KEPT) patterns.clear();
    patterns.set(source, toRegExp(source));
  }
  return patterns.get(source);
}

const POSIX: { readonly [name: string]: string } = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  digit: "0-9",
  lower: "a-z",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\s",
  upper: "A-Z",
  word: "\\w",
  xdigit: "A-Fa-f0-9",
};

function toRegExp(source: string): RegExp | undefined {
  const [, options = "", rest = source] = /^\(\?([ims]+)\)(.*)$/s.exec(source) ?? [];
  const body = rest
    .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX[name] ?? whole)
    .replaceAll("(?P<", "(?<")
    .replaceAll("\\A", "^")
    .replaceAll("\\z", "$");
  for (const flags of [`u${options}`, options])
    try {
      return new RegExp(body, flags);
    } catch {
      // without the u flag JavaScript takes escapes that it otherwise refuses
    }
  return undefined;
}
