/** Declares a built-in kind from the generated facts. */
import type { Column, Resource, ScaleSubresource } from "../define.ts";
import { apiVersionOf } from "../meta.ts";
import { builtinSchema } from "./schemas.ts";

type Declaration = {
  group?: string;
  version?: string;
  kind: string;
  /** Name of the generated type; default: the kind. */
  type?: string;
  plural?: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
  scope?: "Namespaced" | "Cluster";
  status?: boolean;
  scale?: ScaleSubresource;
  columns?: readonly Column[];
};

/** A kind that the API server serves itself; its schema is looked up on first use. */
export function builtin<T>(declaration: Declaration): Resource<T> {
  const { group = "", version = "v1", kind, type = kind } = declaration;
  const singular = kind.toLowerCase();
  return {
    group,
    version,
    kind,
    singular,
    apiVersion: apiVersionOf({ group, version }),
    plural: declaration.plural ?? `${singular}s`,
    listKind: `${kind}List`,
    scope: declaration.scope ?? "Namespaced",
    shortNames: declaration.shortNames ?? [],
    categories: declaration.categories ?? [],
    doc: "",
    get schema() {
      return builtinSchema(type);
    },
    conditions: [],
    columns: declaration.columns ?? [],
    statusSubresource: declaration.status ?? false,
    scale: declaration.scale,
    builtin: true,
  };
}
