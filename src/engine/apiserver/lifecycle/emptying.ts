/** What the conditions of a namespace say while it is being emptied. */
import type { NamespaceCondition } from "#api/builtin/types.gen.ts";

/** What is left in a namespace. */
export type Remains = {
  /** Objects by resource, as `pods.` or `widgets.example.dev`. */
  resources: ReadonlyMap<string, number>;
  /** Objects by the finalizer that holds them. */
  finalizers: ReadonlyMap<string, number>;
  /** Why deletions were refused. */
  failures: readonly string[];
};

type State = { reason: string; message: string } | undefined;

/** The conditions for what is left; those that say the same as before keep their time. */
export function conditionsOf(
  { resources, finalizers, failures }: Remains,
  before: readonly NamespaceCondition[],
  now: string,
): NamespaceCondition[] {
  const failed: State =
    failures.length > 0 ? { reason: "ContentDeletionFailed", message: failureText(failures) } : undefined;
  const left = counted(resources, "has", "Some resources are remaining");
  const held = counted(finalizers, "in", "Some content in the namespace has finalizers remaining");
  const conditions = [
    condition("NamespaceDeletionDiscoveryFailure", undefined, {
      reason: "ResourcesDiscovered",
      message: "All resources successfully discovered",
    }),
    condition("NamespaceDeletionGroupVersionParsingFailure", undefined, {
      reason: "ParsedGroupVersions",
      message: "All legacy kube types successfully parsed",
    }),
    condition("NamespaceDeletionContentFailure", failed, {
      reason: "ContentDeleted",
      message: "All content successfully deleted, may be waiting on finalization",
    }),
    condition("NamespaceContentRemaining", left ? { reason: "SomeResourcesRemain", message: left } : undefined, {
      reason: "ContentRemoved",
      message: "All content successfully removed",
    }),
    condition("NamespaceFinalizersRemaining", held ? { reason: "SomeFinalizersRemain", message: held } : undefined, {
      reason: "ContentHasNoFinalizers",
      message: "All content-preserving finalizers finished",
    }),
  ];
  return conditions.map((next) => {
    const known = before.find(({ type }) => type === next.type);
    const kept = known?.status === next.status ? known.lastTransitionTime : undefined;
    return {
      type: next.type,
      status: next.status,
      lastTransitionTime: kept ?? now,
      reason: next.reason,
      message: next.message,
    };
  });
}

type Next = { type: string; status: string; reason: string; message: string };

function condition(type: string, trouble: State, fine: NonNullable<State>): Next {
  return trouble ? { type, status: "True", ...trouble } : { type, status: "False", ...fine };
}

function failureText(failures: readonly string[]): string {
  const list = failures.length === 1 ? failures[0] : `[${failures.join(", ")}]`;
  return `Failed to delete all resource types, ${failures.length} remaining: ${list}`;
}

function counted(counts: ReadonlyMap<string, number>, verb: string, title: string): string | undefined {
  if (counts.size === 0) return undefined;
  const parts = [...counts].sort().map(([name, count]) => `${name} ${verb} ${count} resource instances`);
  return `${title}: ${parts.join(", ")}`;
}
