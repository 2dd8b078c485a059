/** How many pods the owners of pods want. */

import { Deployment, ReplicaSet, StatefulSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { controllerOf, type OwnerReference, type ResourceRef } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import { hasReason } from "#kit/status.ts";
import { pathOf } from "#ports/kube/client.ts";

/** `unmanaged` are pods without an owner. */
export type Scale = { total: number; unmanaged: readonly string[] };

/** Sums up every owner once. Throws an Error that says which owner has no scale. */
export async function scaleOf(pods: readonly k8s.Pod[], context: Context): Promise<Scale> {
  const unmanaged: string[] = [];
  const scales = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner) unmanaged.push(pod.metadata.name);
    else if (!scales.has(owner.uid)) {
      const found = await ownerScale(owner, pod.metadata.namespace, context);
      if (!found) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
      scales.set(owner.uid, 0).set(found.uid, found.replicas);
    }
  }
  return { total: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
}

type Found = { uid: string; replicas: number };

async function ownerScale(
  owner: OwnerReference,
  namespace: string | undefined,
  context: Context,
): Promise<Found | undefined> {
  const [group = ""] = owner.apiVersion.split("/");
  if (group !== "apps") return await scaleSubresource(owner, namespace, context);
  const set = owner.kind === "ReplicaSet" ? await read(ReplicaSet, owner, namespace, context) : undefined;
  const above = set && controllerOf(set);
  const deployment = above && (await read(Deployment, above, namespace, context));
  const found =
    deployment ??
    set ??
    (owner.kind === "StatefulSet" ? await read(StatefulSet, owner, namespace, context) : undefined);
  if (found) return { uid: found.metadata.uid ?? "", replicas: found.spec?.replicas ?? 1 };
  return set === undefined && !KNOWN.has(owner.kind) ? await scaleSubresource(owner, namespace, context) : undefined;
}

const KNOWN = new Set(["ReplicaSet", "StatefulSet", "Deployment"]);

async function read<T extends { metadata: { uid?: string } }>(
  resource: ResourceRef<T>,
  owner: OwnerReference,
  namespace: string | undefined,
  context: Context,
): Promise<T | undefined> {
  if (owner.kind !== resource.kind) return undefined;
  const found = await context.get(resource, owner.name, namespace);
  return found?.metadata.uid === owner.uid ? found : undefined;
}

async function scaleSubresource(
  owner: OwnerReference,
  namespace: string | undefined,
  { client }: Context,
): Promise<Found | undefined> {
  const resource = await client.resourceFor(owner.apiVersion, owner.kind);
  try {
    const path = pathOf(resource, namespace, owner.name, "scale");
    const scale = (await client.transport.request({ method: "GET", path })) as k8s.Deployment;
    const { uid = "" } = scale.metadata;
    return uid === owner.uid ? { uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
    const name = resource.group ? `${resource.plural}.${resource.group}` : resource.plural;
    throw new Error(`${name} does not implement the scale subresource`, { cause: error });
  }
}
