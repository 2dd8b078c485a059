/** What may change about a pod after it is there: next to nothing. */
import type { Affinity, Container, NodeSelectorTerm, PodSpec, Toleration } from "#api/builtin/types.gen.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import type { Report } from "../rules/report.ts";

type Spec = Mutable<PodSpec>;

const FIXED =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const LARGEST_DEADLINE = 2_147_483_647;

/** A new spec of a pod at `report`, in the place of one that the pod had before. */
export function checkPodChange(next: Spec, before: Spec, report: Report): void {
  if (deepEqual(next, before)) return;
  if (!haveSameContainers(next, before, report)) return;
  const { activeDeadlineSeconds: deadline } = next;
  const earlier = before.activeDeadlineSeconds;
  const at = report.at("activeDeadlineSeconds");
  if (deadline !== undefined) {
    if (deadline < 0 || deadline > LARGEST_DEADLINE) {
      at.between(deadline, 0, LARGEST_DEADLINE);
      return;
    }
    if (earlier !== undefined && deadline > earlier) {
      at.invalid(deadline, "must be less than or equal to previous value");
      return;
    }
  } else if (earlier !== undefined) {
    at.invalid(null, "must not update from a positive integer to nil value");
    return;
  }
  checkTolerationChange(next.tolerations ?? [], before.tolerations ?? [], report.at("tolerations"));
  const isGated = (before.schedulingGates ?? []).length > 0;
  checkGateChange(next, before, report.at("schedulingGates"));
  if (isGated) {
    checkGatedSelector(next, before, report.at("nodeSelector"));
    checkGatedAffinity(next, before, report.at("affinity", "nodeAffinity"));
  }
  if (!deepEqual(settledPart(next, isGated), settledPart(before, isGated))) report.forbidden(FIXED);
}

/** Checks one list of containers after the other; false when one has another length, and the rest is not looked at. */
function haveSameContainers(next: Spec, before: Spec, report: Report): boolean {
  for (const list of ["containers", "initContainers"] as const) {
    const [mine, theirs] = [next[list] ?? [], before[list] ?? []];
    if (mine.length !== theirs.length) {
      report.at(list).forbidden("pod updates may not add or remove containers");
      return false;
    }
    mine.forEach(({ image = "" }, index) => {
      const at = report.at(list).item(index).at("image");
      if (at.needs(image) && image !== image.trim()) at.invalid(image, "must not have leading or trailing whitespace");
    });
  }
  return true;
}

/** What is left of a spec without all that may change. */
function settledPart(spec: Spec, isGated: boolean): object {
  const withoutImage = ({ image: _, ...container }: Container): object => container;
  const { activeDeadlineSeconds: _, tolerations: __, schedulingGates: ___, ...rest } = spec;
  const settled: Record<string, unknown> = {
    ...rest,
    containers: spec.containers?.map(withoutImage),
    initContainers: spec.initContainers?.map(withoutImage),
  };
  if (isGated) {
    delete settled.nodeSelector;
    if (spec.affinity) settled.affinity = withoutNodes(spec.affinity);
    if (!spec.affinity || deepEqual(settled.affinity, {})) delete settled.affinity;
  }
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) settled.terminationGracePeriodSeconds = 1;
  return settled;
}

function withoutNodes({ nodeAffinity: _, ...rest }: Affinity): object {
  return rest;
}

function checkTolerationChange(next: readonly Toleration[], before: readonly Toleration[], report: Report): void {
  const kept = before.every((toleration) =>
    next.some(
      (other) =>
        deepEqual({ ...other, tolerationSeconds: 0 }, { ...toleration, tolerationSeconds: 0 }) &&
        (deepEqual(other, toleration) || toleration.effect === "NoExecute"),
    ),
  );
  if (!kept) report.forbidden("existing toleration can not be modified except its tolerationSeconds");
}

function checkGateChange(next: Spec, before: Spec, report: Report): void {
  const known = new Set(before.schedulingGates?.map(({ name }) => name));
  next.schedulingGates?.forEach(({ name }, index) => {
    if (!known.has(name))
      report.item(index).at("name").forbidden(`only deletion is allowed, but found new scheduling gate '${name}'`);
  });
}

function checkGatedSelector(next: Spec, before: Spec, report: Report): void {
  const isNarrower = Object.entries(before.nodeSelector ?? {}).every(
    ([key, value]) => next.nodeSelector?.[key] === value,
  );
  if (!isNarrower)
    report.invalid(
      next.nodeSelector ?? null,
      "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
    );
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const ONLY_MORE = "only additions are allowed (no mutations or deletions)";

/** What a pod that waits at a gate demands of its node may become narrower only. */
function checkGatedAffinity(next: Spec, before: Spec, report: Report): void {
  const earlier = before.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms;
  if (!earlier?.length) return;
  const terms = next.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const at = report.at(REQUIRED, "nodeSelectorTerms");
  if (terms.length !== earlier.length) {
    at.invalid(terms.map(shown), "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
    return;
  }
  terms.forEach((term, index) => {
    if (!isNarrower(term, earlier[index] ?? {})) at.item(index).invalid(shown(term), ONLY_MORE);
  });
}

function isNarrower(next: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  return (["matchExpressions", "matchFields"] as const).every((list) =>
    deepEqual((next[list] ?? []).slice(0, before[list]?.length ?? 0), before[list] ?? []),
  );
}

/** A term as messages show it. */
function shown({ matchExpressions, matchFields }: NodeSelectorTerm): object {
  const capitalized = (list: NodeSelectorTerm["matchFields"]): object[] | null =>
    list?.map(({ key, operator, values = null }) => ({ Key: key, Operator: operator, Values: values })) ?? null;
  return { MatchExpressions: capitalized(matchExpressions), MatchFields: capitalized(matchFields) };
}
