/** The OpenAPI v2 document: the definitions of all kinds in one, for clients that know nothing newer. */
import { isObject } from "#kit/json.ts";
import type { Registry } from "../resources/registry.ts";
import { openApiDocument } from "./openapi.ts";

type Schema = { readonly [keyword: string]: unknown };

/** A Swagger 2.0 document without paths. */
export type Swagger = {
  swagger: "2.0";
  info: { title: string; version: string };
  paths: Record<string, never>;
  definitions: { [name: string]: Schema };
};

const COMPONENTS = "#/components/schemas/";
const DEFINITIONS = "#/definitions/";
/** Keywords that OpenAPI v2 does not have. */
const NEWER = new Set(["anyOf", "oneOf", "not", "nullable"]);

/** Builds the document; nothing of it is kept. */
export function swaggerDocument(registry: Registry, version: string): Swagger {
  const definitions: Record<string, Schema> = {};
  for (const apiVersion of new Set(registry.all().map((served) => served.apiVersion))) {
    const document = openApiDocument(registry, apiVersion) as { components: { schemas: Record<string, Schema> } };
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      const known = definitions[name];
      if (!known) definitions[name] = older(schema) as Schema;
      else if (isAnotherKind(known, schema)) definitions[`${name}.${apiVersion}`] = older(schema) as Schema;
      else if (schema[KINDS]) definitions[name] = older(schema) as Schema;
    }
  }
  return { swagger: "2.0", info: { title: "Kubernetes", version }, paths: {}, definitions };
}

const KINDS = "x-kubernetes-group-version-kind";

function isAnotherKind(left: Schema, right: Schema): boolean {
  return left[KINDS] !== undefined && right[KINDS] !== undefined;
}

/** A schema of OpenAPI v3 as one of v2. */
function older(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(older);
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [keyword, given] of Object.entries(value)) {
    if (NEWER.has(keyword)) continue;
    if (keyword === "$ref") result.$ref = String(given).replace(COMPONENTS, DEFINITIONS);
    else if (keyword === "properties" && isObject(given))
      result.properties = Object.fromEntries(Object.entries(given).map(([name, field]) => [name, older(field)]));
    else if (keyword === "allOf" && Array.isArray(given) && given.length === 1) Object.assign(result, older(given[0]));
    else result[keyword] = older(given);
  }
  if (result["x-kubernetes-int-or-string"] === true) result.type = "string";
  return result;
}
