/** What a pass read, as topics, and which topics a change concerns. Pure. */
import { controllerOf, type ResourceRef, type Unstructured } from "#api/meta.ts";
import type { Labels } from "#kit/selector.ts";
import { pathOf } from "#ports/kube/client.ts";
import { narrowest, type Selection } from "./store.ts";

/** One object. */
export function topicOf(resource: ResourceRef<unknown>, namespace: string | undefined, name: string): string {
  return pathOf(resource, namespace, name);
}

/** All objects of a kind, in a namespace or anywhere. */
export function collectionTopic(resource: ResourceRef<unknown>, namespace: string | undefined): string {
  return `${pathOf(resource, namespace)}/*`;
}

/**
 * The objects of a selection: those of an owner, or those with a label. One label stands for all of them: a change wakes
 * those who asked for a label that the object has, and not everybody in the namespace.
 */
export function selectionTopic(resource: ResourceRef<unknown>, { namespace, labels = {}, owner }: Selection): string {
  const collection = collectionTopic(resource, namespace);
  if (owner) return `${collection}@${owner}`;
  const label = narrowest(labels);
  return label ? `${collection}?${label[0]}=${label[1]}` : collection;
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
    for (const version of previous ? [object, previous] : [object]) {
      const owner = controllerOf(version);
      if (owner) topics.add(`${collection}@${owner.uid}`);
      addLabels(topics, collection, version.metadata.labels);
    }
  }
  return topics;
}

function addLabels(topics: Set<string>, collection: string, labels: Labels = {}): void {
  for (const [key, value] of Object.entries(labels)) topics.add(`${collection}?${key}=${value}`);
}
