/** Which Application an object belongs to: the annotation `argocd.argoproj.io/tracking-id`. Pure. */
import { parseApiVersion, type Unstructured } from "#api/meta.ts";

export const TRACKING_ID = "argocd.argoproj.io/tracking-id";

/** An object's place in a cluster, whatever its version. */
export type Identity = { group: string; kind: string; namespace: string; name: string };

export function identityOf(object: Unstructured): Identity {
  const { name, namespace = "" } = object.metadata;
  return { group: parseApiVersion(object.apiVersion).group, kind: object.kind, namespace, name };
}

export function identityKey({ group, kind, namespace, name }: Identity): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

/** The application's part of tracking ids: its name, with the namespace in front when that is not the control namespace. */
export function instanceName(app: { name: string; namespace?: string }, controlNamespace: string): string {
  return app.namespace === controlNamespace ? app.name : `${app.namespace ?? ""}_${app.name}`;
}

/** `namespace/name` of the application with this instance name. */
export function instanceKey(instance: string, controlNamespace: string): string {
  const underscore = instance.indexOf("_");
  if (underscore < 0) return `${controlNamespace}/${instance}`;
  return `${instance.slice(0, underscore)}/${instance.slice(underscore + 1)}`;
}

/** Cluster-scoped objects carry the application's destination namespace in their id. */
export function trackingId(instance: string, object: Unstructured, destinationNamespace: string): string {
  const { group, kind, namespace, name } = identityOf(object);
  return `${instance}:${group}/${kind}:${namespace || destinationNamespace}/${name}`;
}

/**
 * The instance that an object belongs to. Undefined when it has no id, or when the id is another object's: a copy that some
 * controller made is neither ours to count nor to delete.
 */
export function instanceOf(object: Unstructured): string | undefined {
  const id = object.metadata.annotations?.[TRACKING_ID];
  const [, instance, group, kind, namespace, name] = /^([^:]+):([^/]*)\/([^:]+):([^/]*)\/(.+)$/.exec(id ?? "") ?? [];
  const own = identityOf(object);
  if (!instance || group !== own.group || kind !== own.kind || name !== own.name) return undefined;
  return own.namespace === "" || own.namespace === namespace ? instance : undefined;
}
