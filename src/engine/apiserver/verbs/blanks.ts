/**
 * Structs that built-in objects always have, empty or not, because their Go types hold them by value. Nobody owns such a
 * struct as a whole, only what is in it.
 */
import { isObject } from "#kit/json.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";

type Blank = { readonly [field: string]: Blank };

const NONE: Blank = {};
const TEMPLATE: Blank = { metadata: NONE, spec: NONE };

/** By field; a kind whose schema does not name a field does not have it. */
const BLANK: Blank = {
  spec: {
    strategy: NONE,
    updateStrategy: NONE,
    template: TEMPLATE,
    jobTemplate: { metadata: NONE, spec: { template: TEMPLATE } },
    scaleTargetRef: NONE,
    podSelector: NONE,
    names: NONE,
  },
  status: { loadBalancer: NONE, acceptedNames: NONE, nodeInfo: NONE, daemonEndpoints: { kubeletEndpoint: NONE } },
  roleRef: NONE,
  involvedObject: NONE,
  source: NONE,
};

/** A part of a built-in object with all the structs that it always has. The part is not changed. */
export function withBlanks(schema: StructuralSchema, part: Record<string, unknown>): Record<string, unknown> {
  return fill(schema, part, BLANK);
}

function fill(schema: StructuralSchema, value: Record<string, unknown>, blank: Blank): Record<string, unknown> {
  const result = { ...value };
  for (const name in blank) {
    const field = schema.properties?.[name];
    if (!field?.properties) continue;
    const given = value[name] ?? {};
    if (isObject(given)) result[name] = fill(field, given, blank[name] as Blank);
  }
  return result;
}
