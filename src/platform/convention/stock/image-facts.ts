/** What conventions want to know of an image: who built it, what it can start, which user it runs as. Pure. */
import { isObject } from "#kit/json.ts";
import type { ImageDescription } from "../convention.ts";
import { type Component, componentsOf } from "../image/bom.ts";

const BUILD_METADATA = "io.buildpacks.build.metadata";

/** A process of the image, complete. */
export type Process = { type: string; command: string[] };

/** A label of the image. */
export function labelOf(image: ImageDescription | undefined, name: string): string | undefined {
  return image?.config.config?.Labels?.[name];
}

/** Ids of the buildpacks that built the image. */
export function buildpacksOf(image: ImageDescription | undefined): string[] {
  return listOf(image, "buildpacks").flatMap(({ id }) => (typeof id === "string" ? [id] : []));
}

/** The processes that the buildpacks declared. */
export function processesOf(image: ImageDescription | undefined): Process[] {
  return listOf(image, "processes").map(({ type, command, args }) => ({
    type: String(type ?? ""),
    command: [command ?? [], args ?? []].flat().map(String),
  }));
}

/** The process that the image starts by itself. */
export function defaultProcess(image: ImageDescription | undefined): string | undefined {
  const { "buildpack-default-process-type": type } = buildMetadata(image);
  return typeof type === "string" ? type : undefined;
}

/** Names in the image's bills of materials, also in the list that older buildpacks wrote into its label. */
export function billedNames(image: ImageDescription): Set<string> {
  const labelled = listOf(image, "bom").flatMap(({ name, metadata }) => {
    const inner = isObject(metadata) && Array.isArray(metadata.names) ? metadata.names : [];
    return [name, ...inner].filter((each) => typeof each === "string");
  });
  return new Set([...componentsOf(image.boms).map(({ name }) => name), ...labelled]);
}

/** A component of the bills of materials, by its exact name. */
export function componentOf(image: ImageDescription | undefined, name: string): Component | undefined {
  return image && componentsOf(image.boms).find((component) => component.name === name);
}

/** The numeric user of the image; undefined when it is a name, 0 when the image names none. */
export function userOf(image: ImageDescription): number | undefined {
  const user = (image.config.config?.User ?? "").split(":")[0] ?? "";
  if (user === "" || user === "root") return 0;
  return /^\d+$/.test(user) ? Number(user) : undefined;
}

function listOf(image: ImageDescription | undefined, field: string): Record<string, unknown>[] {
  const list = buildMetadata(image)[field];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function buildMetadata(image: ImageDescription | undefined): Record<string, unknown> {
  const label = labelOf(image, BUILD_METADATA);
  if (!label) return {};
  try {
    const value = JSON.parse(label) as unknown;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
