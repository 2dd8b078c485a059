/** What managed objects brought about: their children by owner references, with health; images and addresses. */
import type { Application } from "#api/argoproj.io/application.ts";
import { parseApiVersion, type Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { assessHealth } from "./health/assess.ts";
import type { Health } from "./health/health.ts";
import type { LiveObjects } from "./live.ts";

type Node = NonNullable<NonNullable<Application["status"]>["tree"]>[number];

/** Kinds that own objects, and the kinds of those objects: only these are followed. */
const CHILD_KINDS: { readonly [groupKind: string]: readonly (readonly [apiVersion: string, kind: string])[] } = {
  "apps/Deployment": [["apps/v1", "ReplicaSet"]],
  "apps/ReplicaSet": [["v1", "Pod"]],
  "apps/StatefulSet": [["v1", "Pod"]],
  "apps/DaemonSet": [["v1", "Pod"]],
  "batch/CronJob": [["batch/v1", "Job"]],
  "batch/Job": [["v1", "Pod"]],
  "serving.knative.dev/Service": [
    ["serving.knative.dev/v1", "Configuration"],
    ["serving.knative.dev/v1", "Route"],
  ],
  "serving.knative.dev/Configuration": [["serving.knative.dev/v1", "Revision"]],
  "serving.knative.dev/Revision": [
    ["apps/v1", "Deployment"],
    ["autoscaling.internal.knative.dev/v1alpha1", "PodAutoscaler"],
  ],
};

/** Managed objects and everything below them, parents first. */
export async function growTree(roots: readonly Unstructured[], live: LiveObjects): Promise<Unstructured[]> {
  const found = new Map<string, Unstructured>();
  let level = [...roots];
  while (level.length > 0) {
    const next: Unstructured[] = [];
    for (const object of level) {
      const { uid = "" } = object.metadata;
      if (found.has(uid)) continue;
      found.set(uid, object);
      const kinds = CHILD_KINDS[`${parseApiVersion(object.apiVersion).group}/${object.kind}`] ?? [];
      for (const [apiVersion, kind] of kinds) await live.follow(apiVersion, kind);
      next.push(...live.childrenOf(uid));
    }
    level = next;
  }
  return [...found.values()];
}

/** The objects as nodes of `status.tree`. */
export function renderTree(objects: readonly Unstructured[]): Node[] {
  const known = new Set(objects.map(({ metadata }) => metadata.uid));
  return objects.map((object) => {
    const { name, namespace, uid, ownerReferences = [] } = object.metadata;
    const { group, version } = parseApiVersion(object.apiVersion);
    const parent = ownerReferences.find((owner) => known.has(owner.uid))?.uid;
    const health = assessHealth(object);
    return {
      ...(group && { group }),
      version,
      kind: object.kind,
      ...(namespace && { namespace }),
      name,
      ...(uid && { uid }),
      ...(parent && { parentUid: parent }),
      ...(health && { health }),
    };
  });
}

/** Of what is on its way, also why it does not arrive, when a pod below it says so. */
export function withPodWords(judged: Health, objects: readonly Unstructured[]): Health {
  if (judged.status !== "Progressing") return judged;
  const pods = objects.filter(({ kind, apiVersion }) => kind === "Pod" && apiVersion === "v1");
  const stuck = pods.map(assessHealth).find((health) => health?.status === "Degraded" && health.message);
  return stuck ? { ...judged, message: [judged.message, stuck.message].filter(Boolean).join(": ") } : judged;
}

/** Images of all pods and pod templates, sorted. */
export function imagesIn(objects: readonly Unstructured[]): string[] {
  const images = objects.flatMap((object) => {
    const spec = isObject(object.spec) ? object.spec : {};
    const template = isObject(spec.template) && isObject(spec.template.spec) ? spec.template.spec : spec;
    const containers = [template.initContainers, template.containers].flatMap((list) =>
      Array.isArray(list) ? list : [],
    );
    return containers.flatMap((container) =>
      isObject(container) && typeof container.image === "string" ? container.image : [],
    );
  });
  return [...new Set(images)].sort();
}

/** Where the objects can be reached from outside, as they say themselves in `status.url`. */
export function urlsIn(objects: readonly Unstructured[]): string[] {
  const urls = objects.flatMap(({ kind, status }) =>
    kind === "Service" && isObject(status) && typeof status.url === "string" ? status.url : [],
  );
  return [...new Set(urls)].sort();
}
