/** How closely binary operators bind. */

const LEVELS = [
  ["or"],
  ["and"],
  ["not"],
  ["==", "!=", "<", ">", "<=", ">=", "in", "not in"],
  ["|"],
  ["^"],
  ["&"],
  ["<<", ">>"],
  ["-", "+"],
  ["*", "%", "/", "//"],
];
const PRECEDENCE = new Map(
  LEVELS.flatMap((operators, level) => operators.map((operator) => [operator, level] as const)),
);

export const NOT = 2;
export const COMPARISON = 3;

/** The level of a binary operator: the higher, the closer it binds; -1 for everything else. */
export function precedenceOf(operator: string): number {
  return PRECEDENCE.get(operator) ?? -1;
}
