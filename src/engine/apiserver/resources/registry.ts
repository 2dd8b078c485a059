/** Which resources are served, by group, version and plural name. Custom resources come and go at run time. */
import type { Resource } from "#api/define.ts";
import type { ObjectStore } from "../storage/objects.ts";
import { EVENT_CONVERSION } from "./event-forms.ts";
import { ALL_VERBS, ServedResource, type Verb } from "./served.ts";

/** The served resources. Lookups never fail loudly: an unknown resource is undefined. */
export class Registry {
  private readonly resources = new Map<string, ServedResource>();
  private readonly custom = new Map<string, string[]>();
  private readonly own = new Set<string>();
  /** Grows whenever the set of served resources changes; caches of derived documents compare it. */
  generation = 0;

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.resources.get(`${group}/${version}/${plural}`);
  }

  /** Any served version of a resource. */
  findResource(group: string, plural: string): ServedResource | undefined {
    return this.all().find((served) => served.facts.group === group && served.facts.plural === plural);
  }

  /** Whether the group has built-in kinds. */
  isOwn(group: string): boolean {
    return this.own.has(group);
  }

  /** In the order in which they were added. */
  all(): ServedResource[] {
    return [...this.resources.values()];
  }

  add(served: ServedResource): void {
    const { group, version, plural, builtin } = served.facts;
    if (builtin) this.own.add(group);
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

/** Namespaces can only be deleted one by one. */
function verbsOf({ group, plural }: Resource): readonly Verb[] {
  return group === "" && plural === "namespaces" ? ALL_VERBS.filter((verb) => verb !== "deletecollection") : ALL_VERBS;
}

/** What clients of kinds are told that have been replaced by others. */
const DEPRECATIONS: { readonly [resource: string]: string } = {
  "/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

/** Serves a kind that is built in. */
export function serveBuiltin(
  resource: Resource,
  objects: ObjectStore,
  verbs: readonly Verb[] = verbsOf(resource),
): ServedResource {
  const isNewEvent = resource.group === "events.k8s.io" && resource.kind === "Event";
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
      deprecation: DEPRECATIONS[`${resource.group}/${resource.plural}`],
      verbs,
    },
    isNewEvent ? objects.collection("", "events") : objects.collection(resource.group, resource.plural),
    () => ({
      ...resource.schema,
      properties: { apiVersion: { type: "string" }, kind: { type: "string" }, ...resource.schema.properties },
    }),
    { conversion: isNewEvent ? EVENT_CONVERSION : undefined },
  );
}
