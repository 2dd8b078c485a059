/** A rehearsal among objects from files: nothing is asked of any cluster. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Output } from "../output.ts";
import type { BlueprintObject } from "../owner.ts";
import { templateTextRenderer } from "../ytt.ts";
import { type Rehearsal, rehearse } from "./rehearse.ts";

/** `outputs` are taken as given, by step; chains count as ready. Objects of other kinds than chains and templates do nothing. */
export async function rehearseObjects(
  workload: Unstructured,
  objects: readonly Unstructured[],
  outputs: ReadonlyMap<string, Output>,
): Promise<Rehearsal> {
  const ready = { conditions: [{ type: "Ready", status: "True" as const }] };
  const chains = objects
    .filter(({ kind }) => kind === "ClusterSupplyChain")
    .map((chain) => ({ ...chain, status: ready }) as unknown as BlueprintObject);
  const find = (kind: string, name: string): Unstructured | undefined =>
    objects.find((object) => object.kind === kind && object.metadata.name === name);
  return await rehearse(workload, chains, {
    template: async (kind, name) => find(kind, name) as Template | undefined,
    outputs,
    renderText: templateTextRenderer(),
  });
}

/** An output as people write it: `{url, revision}` or `{source: {url, revision}}`, `{image}`, `{config}`; undefined for anything else. */
export function parseOutput(value: Readonly<Record<string, unknown>>): Output | undefined {
  const { source, image, config } = value;
  const { url, revision } = (source ?? value) as { url?: unknown; revision?: unknown };
  if (url !== undefined || revision !== undefined) return { kind: "source", url, revision };
  if (image !== undefined) return { kind: "image", image };
  return config === undefined ? undefined : { kind: "config", config };
}
