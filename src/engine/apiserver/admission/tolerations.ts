/** How long pods stay on a node that has gone silent, unless they say so themselves. */
import type { Pod, Toleration } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";

const SECONDS = 300;
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/** Adds the usual tolerations to a pod that has none of its own for them. */
export function tolerateNodeFailures(spec: NonNullable<Mutable<Pod>["spec"]>): void {
  const own: readonly Toleration[] = spec.tolerations ?? [];
  const missing = TAINTS.filter((key) => !own.some((toleration) => covers(toleration, key)));
  if (missing.length === 0) return;
  const added = missing.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: SECONDS }));
  spec.tolerations = [...own, ...added];
}

function covers({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === "NoExecute");
}
