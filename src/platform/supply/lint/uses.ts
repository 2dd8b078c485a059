/** What a template reads: its tags, and which parameters and inputs it names. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import { isObject } from "#kit/json.ts";
import { leadingFields } from "./fields.ts";
import type { Path } from "./finding.ts";

export type Tag = { expression: string; path: Path };

const TAG = /\$\(([^$]*?)\)\$/g;

/** The `$(…)$` tags of a template body. */
export function tagsOf(value: unknown, path: Path): Tag[] {
  if (typeof value === "string") return [...value.matchAll(TAG)].map(([, expression = ""]) => ({ expression, path }));
  if (Array.isArray(value)) return value.flatMap((item, index) => tagsOf(item, [...path, index]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => tagsOf(member, [...path, key]));
}

export type Uses = {
  /** Whether a parameter is named anywhere. */
  params: (name: string) => boolean;
  /** Parameters that are read, as far as the text tells. */
  readParams: string[];
  /** Inputs that are read by name: `sources`, `images` or `configs`. */
  inputs: { list: "sources" | "images" | "configs"; name: string }[];
  /** Inputs that are read as the only one of their type: `source`, `image` or `config`. */
  singles: ("source" | "image" | "config")[];
  /** Whether it reads what is to be deployed. */
  deployment: boolean;
};

/** Of ytt only what is read straight from `data.values` can be told; a parameter counts as used when its name occurs. */
export function usesOf(template: Template): Uses {
  const { ytt, template: body } = template.spec;
  const paths = ytt === undefined ? tagsOf(body, []).map(({ expression }) => leadingFields(expression)) : yttPaths(ytt);
  const readParams = paths.flatMap(([root, name]) => (root === "params" && name ? [name] : []));
  return {
    params: (name) =>
      readParams.includes(name) || (ytt !== undefined && new RegExp(`(?<![\\w-])${escaped(name)}(?![\\w-])`).test(ytt)),
    readParams: [...new Set(readParams)],
    inputs: paths.flatMap(([root, name]) =>
      name && (root === "sources" || root === "images" || root === "configs") ? [{ list: root, name }] : [],
    ),
    deployment: paths.some(([root]) => root === "deployment"),
    singles: paths.flatMap(([root]) => (root === "source" || root === "image" || root === "config" ? [root] : [])),
  };
}

function yttPaths(text: string): string[][] {
  return [...text.matchAll(/\bdata\.values((?:\.\w+|\[["'][^"']+["']\])+)/g)].map(([, path = ""]) =>
    leadingFields(path),
  );
}

function escaped(name: string): string {
  return name.replaceAll(/[^\w-]/g, "\\$&");
}
