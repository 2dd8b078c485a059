/** What may follow what among the parameters of a function and the arguments of a call. */
import type { Argument, Parameter } from "./syntax.ts";

type Misplacement = { readonly line: number; readonly message: string };

type Of<Kind> = Extract<Parameter, { readonly kind: Kind }>;

/** Parameters that take one argument, and the first of those that take the rest. */
export function byKind(parameters: readonly Parameter[]): {
  plain: (Of<"plain"> | Of<"optional">)[];
  star: Of<"star"> | undefined;
  starstar: Of<"starstar"> | undefined;
} {
  return {
    plain: parameters.filter((one) => one.kind === "plain" || one.kind === "optional"),
    star: parameters.find((one) => one.kind === "star"),
    starstar: parameters.findLast((one) => one.kind === "starstar"),
  };
}

/** One complaint for each parameter in a wrong place. */
export function misplacedParameters(parameters: readonly Parameter[]): Misplacement[] {
  const complaints: Misplacement[] = [];
  for (const [index, parameter] of parameters.entries()) {
    const message = misplacedParameter(parameter, parameters.slice(0, index));
    if (message !== undefined) complaints.push({ line: parameter.line, message });
  }
  const { star } = byKind(parameters);
  const following = star ? parameters.slice(parameters.indexOf(star) + 1) : [];
  if (star && !star.name && byKind(following).plain.length === 0)
    complaints.push({ line: star.line, message: "bare * must be followed by keyword-only parameters" });
  return complaints;
}

function misplacedParameter({ kind }: Parameter, before: readonly Parameter[]): string | undefined {
  const { star, starstar } = byKind(before);
  if (starstar)
    switch (kind) {
      case "plain":
        return `required parameter may not follow **${starstar.name.name}`;
      case "optional":
        return `optional parameter may not follow **${starstar.name.name}`;
      case "star":
        return `* parameter may not follow **${starstar.name.name}`;
      case "starstar":
        return "multiple ** parameters not allowed";
    }
  if (star) return kind === "star" ? "multiple * parameters not allowed" : undefined;
  const optional = before.some((one) => one.kind === "optional");
  return optional && kind === "plain" ? "required parameter may not follow optional" : undefined;
}

/** For each argument the complaints about its place and its name. */
export function misplacedArguments(args: readonly Argument[]): Misplacement[][] {
  const names = new Set<string>();
  return args.map((arg, index) => {
    const before = args.slice(0, index);
    const has = (kind: Argument["kind"]): boolean => before.some((one) => one.kind === kind);
    const message = misplaced(arg, { star: has("star"), starstar: has("starstar"), named: has("named") });
    const complaints = message === undefined ? [] : [{ line: arg.line, message }];
    if (arg.kind !== "named") return complaints;
    const { name, line } = arg.name;
    if (names.has(name)) complaints.push({ line, message: `keyword argument ${name} repeated` });
    names.add(name);
    return complaints;
  });
}

function misplaced(arg: Argument, before: { star: boolean; starstar: boolean; named: boolean }): string | undefined {
  switch (arg.kind) {
    case "starstar":
      return before.starstar ? "multiple **kwargs not allowed" : undefined;
    case "star":
      return before.starstar ? "*args may not follow **kwargs" : before.star ? "multiple *args not allowed" : undefined;
    case "named":
      return before.starstar ? "argument may not follow **kwargs" : undefined;
    case "plain":
      if (before.star) return "argument may not follow *args";
      if (before.starstar) return "argument may not follow **kwargs";
      return before.named ? "positional argument may not follow named" : undefined;
  }
}
