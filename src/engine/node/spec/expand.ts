/** `$(NAME)` references in commands, arguments and variables. */

/** Replaces known names; unknown ones stay as written, and `$$` stands for one `$` that starts no reference. */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return "$";
    return Object.hasOwn(variables, name) ? (variables[name] ?? whole) : whole;
  });
}
