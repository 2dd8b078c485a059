/** OpenAPI v3 documents, one per group and version: what `kubectl explain` and client-side validation read. */
import { createHash } from "node:crypto";
import { referencingSchema } from "#api/builtin/schemas.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource } from "../resources/served.ts";

type Schema = { [keyword: string]: unknown };
type Schemas = { [name: string]: Schema };

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";
const META_TYPES = new Set(["ObjectMeta", "OwnerReference", "ManagedFieldsEntry", "LabelSelector", "FieldsV1"]);

function componentName(type: string): string {
  return META_TYPES.has(type) ? `${META}${type}` : `io.k8s.api.${type}`;
}

/** The index: where every document is, with a hash that changes when the document does. */
export function openApiIndex(registry: Registry): object {
  const declarations = new Map<string, string[]>();
  for (const { apiVersion, facts } of registry.all()) {
    const known = declarations.get(apiVersion) ?? [];
    declarations.set(apiVersion, [...known, `${facts.plural}/${facts.declaration}`]);
  }
  const paths = [...declarations].map(([apiVersion, parts]) => {
    const path = apiVersion.includes("/") ? `apis/${apiVersion}` : `api/${apiVersion}`;
    const hash = createHash("sha256").update(parts.join()).digest("hex").toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(paths) };
}

/** The document of one group and version; undefined when nothing of it is served. */
export function openApiDocument(registry: Registry, apiVersion: string): object | undefined {
  const served = registry.all().filter((candidate) => candidate.apiVersion === apiVersion);
  if (served.length === 0) return undefined;
  const schemas: Schemas = {};
  const paths = Object.assign({}, ...served.map((resource) => describe(resource, schemas))) as object;
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.32.0" },
    paths,
    components: { schemas },
  };
}

function describe(served: ServedResource, schemas: Schemas): object {
  const { facts } = served;
  const name = facts.builtin ? componentName(facts.kind) : customName(facts);
  const gvk = { group: facts.group, version: facts.version, kind: facts.kind };
  schemas[name] = { ...kindSchema(served, schemas), "x-kubernetes-group-version-kind": [gvk] };
  return pathsOf(served, { gvk, name });
}

function customName({ group, version, kind }: ServedResource["facts"]): string {
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

function kindSchema(served: ServedResource, schemas: Schemas): Schema {
  const source = served.facts.builtin ? (referencingSchema(served.facts.kind) ?? served.schema) : served.schema;
  const schema = rewrite(source as Schema, schemas);
  include("ObjectMeta", schemas);
  const text = { type: "string" };
  return {
    ...schema,
    properties: {
      apiVersion: { ...text, description: "Versioned schema of this representation of an object." },
      kind: { ...text, description: "The resource that this object represents." },
      ...(schema.properties as object),
      metadata: { allOf: [reference("ObjectMeta")], description: "Standard object metadata." },
    },
  };
}

function reference(type: string): Schema {
  return { $ref: `#/components/schemas/${componentName(type)}` };
}

/** Puts a built-in type, and what it refers to, among the document's components. */
function include(type: string, schemas: Schemas): void {
  const name = componentName(type);
  const source = referencingSchema(type);
  if (!source || schemas[name]) return;
  schemas[name] = {};
  schemas[name] = rewrite(source as Schema, schemas);
}

/** A schema with its references turned into references to components. */
function rewrite(schema: Schema, schemas: Schemas): Schema {
  const { $ref, ...own } = schema as Schema & { $ref?: string };
  if ($ref) {
    include($ref, schemas);
    return Object.keys(own).length === 0 ? reference($ref) : { ...own, allOf: [reference($ref)] };
  }
  const { items, additionalProperties, properties } = own as StructuralSchema;
  return {
    ...own,
    ...(items && { items: rewrite(items as Schema, schemas) }),
    ...(typeof additionalProperties === "object" && {
      additionalProperties: rewrite(additionalProperties as Schema, schemas),
    }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([field, type]) => [field, rewrite(type as Schema, schemas)]),
      ),
    }),
    ...(own["x-kubernetes-int-or-string"] === true && own.type === undefined && { format: "int-or-string" }),
  };
}

const WRITE_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation"];
const LIST_PARAMETERS = ["continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "watch"];

type Described = { gvk: object; name: string };

function pathsOf(served: ServedResource, { gvk, name }: Described): object {
  const { facts, namespaced } = served;
  const root = facts.group ? `/apis/${served.apiVersion}` : `/api/${facts.version}`;
  const collection = `${root}${namespaced ? "/namespaces/{namespace}" : ""}/${facts.plural}`;
  const schema = { $ref: `#/components/schemas/${name}` };
  const content = { "application/json": { schema } };
  const operation = (action: string, parameters: readonly string[], body = false): object => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
    parameters: parameters.map((parameter) => ({ name: parameter, in: "query", schema: { type: "string" } })),
    ...(body && { requestBody: { content: { "*/*": { schema } } } }),
    responses: { 200: { description: "OK", content } },
  });
  return {
    [collection]: {
      get: operation("list", LIST_PARAMETERS),
      post: operation("post", WRITE_PARAMETERS, true),
    },
    [`${collection}/{name}`]: {
      get: operation("get", []),
      put: operation("put", WRITE_PARAMETERS, true),
      patch: operation("patch", [...WRITE_PARAMETERS, "force"], true),
      delete: operation("delete", ["dryRun", "gracePeriodSeconds", "propagationPolicy"]),
    },
  };
}
