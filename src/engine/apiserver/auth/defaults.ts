/** The roles and bindings that every server has from the start, as in Kubernetes. */
import { readFile } from "node:fs/promises";
import type { AggregationRule, PolicyRule, RoleRef, Subject } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone, deepEqual } from "#kit/json.ts";
import type { ObjectStore } from "../storage/objects.ts";
import { uuid } from "../verbs/create.ts";
import { stamp } from "../verbs/metadata.ts";
import { RBAC_GROUP } from "./authorizer.ts";
import { uncovered } from "./rules.ts";

const AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate";
const LABEL = { "kubernetes.io/bootstrapping": "rbac-defaults" };

type Default = {
  kind: "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding";
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  rules?: PolicyRule[];
  aggregationRule?: AggregationRule;
  subjects?: Subject[];
  roleRef?: RoleRef;
};

type Core = { objects: ObjectStore; clock: () => Date; randomBytes: (length: number) => Uint8Array };

/** Writes what is missing, all in one commit. What is there is only ever added to, unless its annotation says to leave it alone. */
export async function ensureDefaultAccess(core: Core): Promise<void> {
  const file = new URL("./default-rbac.gen.json", import.meta.url);
  const defaults = JSON.parse(await readFile(file, "utf8")) as Default[];
  await Promise.all(defaults.map((wanted) => ensure(wanted, core)));
}

async function ensure(wanted: Default, core: Core): Promise<void> {
  const { kind, name, namespace } = wanted;
  const collection = core.objects.collection(RBAC_GROUP, `${kind.toLowerCase()}s`);
  const current = core.objects.latest(collection, namespace ? `${namespace}/${name}` : name);
  if (!current) await core.objects.put(collection, render(wanted, core));
  else if (current.deletionTimestamp === undefined) {
    const next = merged(current.object, wanted);
    if (next) await core.objects.put(collection, next);
  }
}

function render(wanted: Default, { clock, randomBytes }: Core): Unstructured {
  const { kind, name, namespace, labels, rules, aggregationRule, subjects, roleRef } = wanted;
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind,
    metadata: {
      name,
      ...(namespace && { namespace }),
      uid: uuid(randomBytes(16)),
      resourceVersion: "",
      creationTimestamp: stamp(clock()),
      labels: { ...LABEL, ...labels },
      annotations: { [AUTO_UPDATE]: "true" },
    },
    ...(aggregationRule && { aggregationRule }),
    ...(roleRef && { roleRef }),
    ...(subjects && { subjects }),
    ...(rules && { rules }),
  };
}

/** The object with what it lacks; undefined when it lacks nothing or wants to be left alone. */
function merged(current: Unstructured, { rules, subjects, labels }: Default): Unstructured | undefined {
  if (current.metadata.annotations?.[AUTO_UPDATE] !== "true") return undefined;
  const next = clone(current) as Unstructured;
  next.metadata.labels = { ...next.metadata.labels, ...LABEL, ...labels };
  const held = (current.rules ?? []) as PolicyRule[];
  const missing = rules ? uncovered(held, rules) : [];
  if (missing.length > 0) next.rules = [...held, ...missing];
  const bound = (current.subjects ?? []) as Subject[];
  const unbound = (subjects ?? []).filter((subject) => !bound.some((known) => deepEqual(known, subject)));
  if (unbound.length > 0) next.subjects = [...bound, ...unbound];
  return deepEqual(next, current) ? undefined : next;
}
