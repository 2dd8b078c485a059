/** The priority of a pod: a number that its PriorityClass stands for. */
import type { Pod, PriorityClass } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";
import { forbidden } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { ResourceRequest } from "../wire/request.ts";

/** Classes that every cluster has. */
const SYSTEM: { readonly [name: string]: number } = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

/** Sets the pod's priority from the class that it names, or from the class that is everybody's. Throws Forbidden. */
export function resolvePriority(draft: Mutable<Pod>, { served }: ResourceRequest, objects: ObjectStore): void {
  const { spec, metadata } = draft;
  if (!spec) return;
  const classes = objects.collection("scheduling.k8s.io", "priorityclasses");
  if (!spec.priorityClassName) {
    const everybodys = classes.range().map(({ object }) => object as unknown as PriorityClass);
    const standard = everybodys.find(({ globalDefault }) => globalDefault);
    if (!standard) {
      settle(draft, served, { value: 0, preemptionPolicy: PREEMPTS });
      return;
    }
    spec.priorityClassName = standard.metadata.name;
  }
  const name = spec.priorityClassName;
  const found = objects.latest(classes, name)?.object as unknown as PriorityClass | undefined;
  const value = SYSTEM[name] ?? found?.value;
  if (value === undefined) throw forbidden(served.id, metadata.name, `no PriorityClass with name ${name} was found`);
  settle(draft, served, { value, preemptionPolicy: found?.preemptionPolicy ?? PREEMPTS });
}

const PREEMPTS = "PreemptLowerPriority";

type Computed = { value: number; preemptionPolicy: string };

/** Writes what the class stands for; a pod that asks for something else is refused. */
function settle({ spec, metadata }: Mutable<Pod>, { id }: ServedResource, { value, preemptionPolicy }: Computed): void {
  if (!spec) return;
  const refuse = (given: string, computed: unknown): never => {
    const why = `${given} must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`;
    throw forbidden(id, metadata.name, why);
  };
  if (spec.priority !== undefined && spec.priority !== value)
    refuse(`the integer value of priority (${spec.priority})`, value);
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy)
    refuse(`the string value of PreemptionPolicy (${spec.preemptionPolicy})`, preemptionPolicy);
  spec.priority = value;
  spec.preemptionPolicy = preemptionPolicy;
}
