/** Patterns as in .gitignore: which files of a tree stay out of its artifact. Pure. */

type Rule = { matches: RegExp; keeps: boolean };

/** Whether a path goes into the artifact: the last pattern that matches the path, or a directory above it, decides. */
export function includedBy(patterns: string): (path: string) => boolean {
  const rules = patterns.split("\n").flatMap(parseRule);
  return (path) => {
    const segments = path.split("/");
    for (let length = 1; length <= segments.length; length++) {
      const part = segments.slice(0, length).join("/");
      const subject = length === segments.length ? part : `${part}/`;
      const rule = rules.findLast(({ matches }) => matches.test(subject));
      if (rule && !rule.keeps) return false;
    }
    return true;
  };
}

function parseRule(line: string): Rule[] {
  const text = line.replace(/(?<!\\)\s+$/, "");
  if (text === "" || text.startsWith("#")) return [];
  const keeps = text.startsWith("!");
  const pattern = (keeps ? text.slice(1) : text).replace(/^\\([#!])/, "$1");
  const directory = pattern.endsWith("/");
  const body = directory ? pattern.slice(0, -1) : pattern;
  const anchored = body.includes("/");
  const expression = toExpression(body.replace(/^\//, ""));
  return [{ keeps, matches: new RegExp(`^${anchored ? "" : "(?:.*/)?"}${expression}${directory ? "/" : "/?"}$`) }];
}

function toExpression(pattern: string): string {
  return pattern.replaceAll(/\/\*\*\/|\*\*\/|\/\*\*|\*+|\?|\[!?[^\]/]+\]|\\.|[^*?[\\]/g, (token) => {
    if (token === "/**/") return "/(?:.*/)?";
    if (token === "**/") return "(?:.*/)?";
    if (token === "/**") return "/.*";
    if (token.startsWith("*")) return "[^/]*";
    if (token === "?") return "[^/]";
    if (token.length > 2 && token.startsWith("[")) return token.replace("[!", "[^").replaceAll("\\", "\\\\");
    return (token.length > 1 ? token.slice(1) : token).replace(/[$()*+.?[\\\]^{|}]/, "\\$&");
  });
}
