/** Which resources are served, by group, version and plural name. Custom resources come and go at run time. */
import type { Resource } from "#api/define.ts";
import type { ObjectStore } from "../storage/objects.ts";
import { ALL_VERBS, ServedResource, type Verb } from "./served.ts";

/** The served resources. Lookups never fail loudly: an unknown resource is undefined. */
export class Registry {
  private readonly resources = new Map<string, ServedResource>();
  private readonly custom = new Map<string, string[]>();
  /** Grows whenever the set of served resources changes; caches of derived documents compare it. */
  generation = 0;

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.resources.get(`${group}/${version}/${plural}`);
  }

  /** Any served version of a resource. */
  findResource(group: string, plural: string): ServedResource | undefined {
    return this.all().find((served) => served.facts.group === group && served.facts.plural === plural);
  }

  /** Any resource that serves the kind in this group, whatever its version. */
  findGroupKind(group: string, kind: string): ServedResource | undefined {
    return this.all().find((served) => served.facts.group === group && served.facts.kind === kind);
  }

  /** In the order in which they were added. */
  all(): ServedResource[] {
    return [...this.resources.values()];
  }

  add(served: ServedResource): void {
    const { group, version, plural } = served.facts;
    this.resources.set(`${group}/${version}/${plural}`, served);
    this.generation++;
  }

  /** Replaces everything that a CustomResourceDefinition serves; nothing when it is gone. */
  replaceCustom(definition: string, served: readonly ServedResource[]): void {
    for (const id of this.custom.get(definition) ?? []) this.resources.delete(id);
    this.custom.set(
      definition,
      served.map(({ facts }) => `${facts.group}/${facts.version}/${facts.plural}`),
    );
    for (const resource of served) this.add(resource);
    this.generation++;
  }
}

/** Serves a kind that is built in. */
export function serveBuiltin(
  resource: Resource,
  objects: ObjectStore,
  verbs: readonly Verb[] = ALL_VERBS,
): ServedResource {
  return new ServedResource(
    {
      group: resource.group,
      version: resource.version,
      kind: resource.kind,
      plural: resource.plural,
      singular: resource.singular,
      listKind: resource.listKind,
      shortNames: resource.shortNames,
      categories: resource.categories,
      scope: resource.scope,
      columns: resource.columns,
      statusSubresource: resource.statusSubresource,
      scale: resource.scale,
      builtin: true,
      storageVersion: resource.version,
      selectableFields: [],
      declaration: "builtin",
      terminating: false,
      verbs,
    },
    objects.collection(resource.group, resource.plural),
    () => ({
      ...resource.schema,
      properties: { apiVersion: { type: "string" }, kind: { type: "string" }, ...resource.schema.properties },
    }),
  );
}
