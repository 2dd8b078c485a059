/** Taints of nodes, and what pods tolerate. Pure. */

export type Taint = { readonly key: string; readonly value?: string; readonly effect: string };
export type Toleration = {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
};

/** Whether the toleration is for the taint. */
export function tolerates({ key, operator = "Equal", value = "", effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (!key) return operator === "Exists";
  if (key !== taint.key) return false;
  return operator === "Exists" || (operator === "Equal" && value === (taint.value ?? ""));
}

/** The first taint of one of the effects that none of the tolerations is for. */
export function untolerated<T extends Taint>(
  taints: readonly T[] = [],
  tolerations: readonly Toleration[] = [],
  effects: readonly string[],
): T | undefined {
  return taints.find(
    (taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}
