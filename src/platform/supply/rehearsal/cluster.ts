/** A rehearsal on a cluster: templates and live objects are read, the server is asked by dry run; nothing is written. */
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { TEMPLATE_KINDS, type Template } from "#api/carto.run/templates.ts";
import type { ObjectMeta, OwnerReference, ResourceRef, Unstructured } from "#api/meta.ts";
import { deepEqual } from "#kit/json.ts";
import type { Draft, KubeClient } from "#ports/kube/client.ts";
import { judgeHealth } from "../health.ts";
import { MissingValue, type Output, readOutput } from "../output.ts";
import type { BlueprintObject } from "../owner.ts";
import { healthRuleOf, identity, isMutable, isRejection, STAMP_LABEL, stampDigest } from "../submit.ts";
import { templateTextRenderer } from "../ytt.ts";
import { type Placement, type Rehearsal, rehearse } from "./rehearse.ts";

/** The field manager of the controller whose work is rehearsed. */
const FIELD_MANAGER = "supply/workload";

/** The rehearsal of a Workload that may be new, and the objects that its steps stamped before and would no longer. */
export type ClusterRehearsal = Rehearsal & { removed: string[] };

export async function rehearseOnCluster(client: KubeClient, workload: Unstructured): Promise<ClusterRehearsal> {
  const { items } = await client.list(ClusterSupplyChain);
  const rehearsal = await rehearse(workload, items as unknown as BlueprintObject[], {
    template: async (kind, name) => {
      const resource = TEMPLATE_KINDS[kind];
      return resource && (await client.get(resource, name));
    },
    place: (template, object) => place(client, workload, template, object),
    renderText: templateTextRenderer(),
  });
  return { ...rehearsal, removed: rehearsal.chain ? removedBy(rehearsal, workload) : [] };
}

async function place(
  client: KubeClient,
  owner: Unstructured,
  template: Template,
  object: Unstructured,
): Promise<Placement> {
  try {
    const resource = await client.resourceFor(object.apiVersion, object.kind);
    return isMutable(template)
      ? await placeMutable(client, resource, template, withOwner(object, owner))
      : await placeRun(client, resource, template, object);
  } catch (error) {
    if (!isRejection(error)) throw error;
    return { change: "unknown", problem: error.message };
  }
}

async function placeMutable(
  client: KubeClient,
  resource: ResourceRef,
  template: Template,
  object: Unstructured,
): Promise<Placement> {
  const { name, namespace } = object.metadata;
  const live = await client.get(resource, name, namespace);
  const options = { dryRun: true, fieldManager: FIELD_MANAGER };
  const result = await client.apply(resource, object as Draft<Unstructured>, options);
  const after = comparable(result);
  if (!live) return { change: "create", after };
  const before = comparable(live);
  if (!deepEqual(before, after)) return { change: "update", before, after };
  return unchanged(template, live);
}

/** Objects that are never changed: the one that was stamped from the same content, or a new one. */
async function placeRun(
  client: KubeClient,
  resource: ResourceRef,
  template: Template,
  object: Unstructured,
): Promise<Placement> {
  const { namespace, labels = {} } = object.metadata;
  const { items } = await client.list(resource, { ...(namespace && { namespace }), labels: identity(labels) });
  const same = items.find(({ metadata }) => metadata.labels?.[STAMP_LABEL] === stampDigest(object));
  return same ? unchanged(template, same) : { change: "create", after: object };
}

function unchanged(template: Template, live: Unstructured): Placement {
  const { observedGeneration } = (live.status ?? {}) as { observedGeneration?: number };
  const stale = observedGeneration !== undefined && observedGeneration !== live.metadata.generation;
  if (stale) return { change: "none", stale };
  const output = template.kind === "ClusterDeploymentTemplate" ? undefined : outputOf(template, live);
  const healthy = judgeHealth(healthRuleOf(template), live, output?.kind === "none" ? "none" : Boolean(output)).status;
  return { change: "none", healthy, ...(output && { output }) };
}

function outputOf(template: Template, live: Unstructured): Output | undefined {
  try {
    return readOutput(template, live);
  } catch (error) {
    if (error instanceof MissingValue) return undefined;
    throw error;
  }
}

function withOwner(object: Unstructured, owner: Unstructured): Unstructured {
  const { name, uid } = owner.metadata;
  if (!uid) return object;
  const reference: OwnerReference = {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  return { ...object, metadata: { ...object.metadata, ownerReferences: [reference] } };
}

/** The object without what only the server writes. */
function comparable({ apiVersion, kind, status: _status, metadata, ...rest }: Unstructured): object {
  const {
    uid: _uid,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    managedFields: _fields,
    ...kept
  }: ObjectMeta = metadata;
  return { apiVersion, kind, metadata: kept, ...rest };
}

/** `Kind/name` of what the status names and no step would stamp any more. */
function removedBy({ steps }: Rehearsal, workload: Unstructured): string[] {
  type Status = { resources?: { name: string; stampedRef?: { kind?: string; name?: string } }[] };
  const before = (workload.status as Status | undefined)?.resources ?? [];
  const kept = new Set(steps.map(({ object }) => `${object?.kind}/${object?.metadata.name}`));
  const undecided = new Set(steps.filter(({ object }) => !object?.metadata.name).map(({ name }) => name));
  return before.flatMap(({ name, stampedRef: ref }) => {
    const key = `${ref?.kind}/${ref?.name}`;
    return ref?.name && !kept.has(key) && !undecided.has(name) ? [key] : [];
  });
}
