/** The parts of a pod that are written through subresources of their own. */
import type { Container, EphemeralContainer, Pod, PodSpec } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone, deepEqual, type Mutable } from "#kit/json.ts";
import type { FieldError } from "#kit/status.ts";
import { type Report, violations } from "../rules/report.ts";
import type { Part } from "../strategy.ts";
import { containersOf, defaultPodSpec } from "./defaults.ts";
import { qualityOf } from "./quality.ts";
import { checkPodSpec } from "./validate.ts";

const asPod = (object: Unstructured): Mutable<Pod> => object as unknown as Mutable<Pod>;

/** Containers that are added to a running pod for a look, and stay. */
export const ephemeralContainers: Part = {
  lay: (draft, current) => {
    const next = clone(current) as Unstructured;
    const [pod, wanted] = [asPod(next), asPod(draft)];
    if (!pod.spec) return next;
    delete pod.spec.ephemeralContainers;
    if (wanted.spec?.ephemeralContainers) pod.spec.ephemeralContainers = wanted.spec.ephemeralContainers;
    defaultPodSpec(pod.spec);
    return next;
  },
  validate: (draft, current) => {
    const { spec } = asPod(draft);
    const before = asPod(current).spec?.ephemeralContainers ?? [];
    return violations((report) => {
      const at = report.at("spec");
      checkPodSpec(spec, at);
      const next = new Map((spec?.ephemeralContainers ?? []).map((container) => [container.name, container]));
      for (const container of before) checkStays(container, next.get(container.name), at.at("ephemeralContainers"));
    });
  },
};

function checkStays(before: EphemeralContainer, next: EphemeralContainer | undefined, report: Report): void {
  const name = JSON.stringify(before.name);
  if (!next) report.forbidden(`existing ephemeral containers ${name} may not be removed\n`);
  else if (!deepEqual(next, before)) report.forbidden(`existing ephemeral containers ${name} may not be changed\n`);
}

const RESIZABLE = ["cpu", "memory"];

/** What the containers of a running pod ask for and are limited to. */
export const resize: Part = {
  lay: (draft, current) => {
    const next = clone(current) as Unstructured;
    const [pod, wanted] = [asPod(next), asPod(draft)];
    if (!pod.spec || !wanted.spec) return next;
    const resources = new Map(containersOf(wanted.spec).map((container) => [container.name, container]));
    for (const container of [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]) {
      const given = resources.get(container.name);
      if (given?.resources) container.resources = given.resources;
      if (given?.resizePolicy) container.resizePolicy = given.resizePolicy;
    }
    if (wanted.spec.resources) pod.spec.resources = wanted.spec.resources;
    return next;
  },
  validate: (draft, current) => resizeProblems(asPod(draft), asPod(current)),
};

function resizeProblems(next: Mutable<Pod>, before: Mutable<Pod>): FieldError[] {
  return violations((report) => {
    const at = report.at("spec");
    checkPodSpec(next.spec, at);
    if (!next.spec || !before.spec) return;
    const fixed = (container: Container): object =>
      Object.fromEntries(
        [container.resources?.limits, container.resources?.requests].map((amounts, index) => [
          index,
          Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !RESIZABLE.includes(name))),
        ]),
      );
    if (qualityOf(next.spec) !== qualityOf(before.spec))
      at.invalid(qualityOf(before.spec), "Pod QOS Class may not change as a result of resizing");
    checkRemoved(next.spec, before.spec, at);
    if (!deepEqual(next.spec.containers?.map(fixed), before.spec.containers?.map(fixed)))
      at.forbidden("only cpu and memory resources are mutable");
  });
}

/** What containers ask for, and are limited to, may become another amount, but stays something. */
function checkRemoved(next: Mutable<PodSpec>, before: Mutable<PodSpec>, report: Report): void {
  next.containers?.forEach((container, index) => {
    const earlier = before.containers?.[index]?.resources;
    for (const field of ["limits", "requests"] as const) {
      const [amounts = {}, known = {}] = [container.resources?.[field], earlier?.[field]];
      const isLess = RESIZABLE.some((name) => known[name] !== undefined && amounts[name] === undefined);
      if (isLess)
        report.at("containers").item(index).at("resources", field).forbidden(`resource ${field} cannot be removed`);
    }
  });
}
