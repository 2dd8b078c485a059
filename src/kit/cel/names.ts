/** How property names are written in CEL: `x-y` is `x__dash__y`, `namespace` is `__namespace__`. */

const RESERVED = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);
const ESCAPES: readonly [from: string, to: string][] = [
  ["__", "__underscores__"],
  [".", "__dot__"],
  ["-", "__dash__"],
  ["/", "__slash__"],
];

/** The name of a property in expressions; undefined when it cannot be written there. */
export function escapeName(property: string): string | undefined {
  if (RESERVED.has(property)) return `__${property}__`;
  const escaped = ESCAPES.reduce((name, [from, to]) => name.replaceAll(from, to), property);
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}
