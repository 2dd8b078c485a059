/** What a pass read, as topics, and which topics a change concerns. Pure. */
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import type { Labels } from "#kit/selector.ts";
import { pathOf } from "#ports/kube/client.ts";
import type { Selection } from "./informer.ts";

/** One object. */
export function topicOf(resource: ResourceRef<unknown>, namespace: string | undefined, name: string): string {
  return pathOf(resource, namespace, name);
}

/** All objects of a kind, in a namespace or anywhere. */
export function collectionTopic(resource: ResourceRef<unknown>, namespace: string | undefined): string {
  return `${pathOf(resource, namespace)}/*`;
}

/**
 * The objects of a selection. One of its labels stands for all of them, the one with the longest value as that is most
 * likely an identity: a change wakes those who asked for a label that the object has, and not everybody in the namespace.
 */
export function selectionTopic(resource: ResourceRef<unknown>, { namespace, labels = {} }: Selection): string {
  const collection = collectionTopic(resource, namespace);
  const [narrowest] = Object.entries(labels).sort(([, left], [, right]) => right.length - left.length);
  return narrowest ? `${collection}?${narrowest[0]}=${narrowest[1]}` : collection;
}

/** Every topic whose answer a change may alter. `previous` is the object before. */
export function topicsOfChange(
  resource: ResourceRef<unknown>,
  object: Unstructured,
  previous?: Unstructured,
): Set<string> {
  const { name, namespace } = object.metadata;
  const topics = new Set([topicOf(resource, namespace, name)]);
  for (const collection of [collectionTopic(resource, namespace), collectionTopic(resource, undefined)]) {
    topics.add(collection);
    for (const labels of [object.metadata.labels, previous?.metadata.labels]) addLabels(topics, collection, labels);
  }
  return topics;
}

function addLabels(topics: Set<string>, collection: string, labels: Labels = {}): void {
  for (const [key, value] of Object.entries(labels)) topics.add(`${collection}?${key}=${value}`);
}
