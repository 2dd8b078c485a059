/** Bills of materials: in which layer of an image they are, and which components they list. Pure. */
import { isObject } from "#kit/json.ts";
import type { ImageConfig } from "#ports/oci/image.ts";
import type { Bom } from "../convention.ts";

const SHORTCUT = "io.buildpacks.app.sbom";
const METADATA = "io.buildpacks.lifecycle.metadata";

export type Component = { name: string; version: string };

/** The diffID of the layer that holds the bills of materials, or undefined. Throws when the label is not JSON. */
export function bomLayer(config: ImageConfig): string | undefined {
  const labels = config.config?.Labels ?? {};
  if (labels[SHORTCUT]) return labels[SHORTCUT];
  const metadata = labels[METADATA];
  if (!metadata) return undefined;
  const { sbom, bom } = parse(metadata) as { sbom?: { sha?: string }; bom?: { sha?: string } };
  return sbom?.sha || bom?.sha || undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) ?? {};
  } catch (error) {
    throw new Error(`its label ${METADATA} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

const parsed = new WeakMap<readonly Bom[], readonly Component[]>();

/** Components of all CycloneDX documents among the bills; other formats are skipped. */
export function componentsOf(boms: readonly Bom[]): readonly Component[] {
  let components = parsed.get(boms);
  if (!components) {
    components = boms.flatMap(({ raw }) => cycloneDx(raw));
    parsed.set(boms, components);
  }
  return components;
}

function cycloneDx(raw: Uint8Array): Component[] {
  try {
    const document = JSON.parse(Buffer.from(raw).toString()) as { bomFormat?: string; components?: unknown };
    if (!isObject(document) || !Array.isArray(document.components)) return [];
    return document.components.filter(isObject).map(({ name, version }) => ({
      name: String(name ?? ""),
      version: String(version ?? ""),
    }));
  } catch {
    return [];
  }
}
