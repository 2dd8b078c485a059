/** `convention list`: every convention, in the order in which they are applied. */
import { type ClusterPodConvention, IN_PROCESS_ANNOTATION } from "#api/conventions.carto.run/index.ts";
import { listConventions } from "#platform/convention/index.ts";
import type { Connection } from "../connection.ts";
import { parseFormat, print, renderTable } from "../print.ts";

const PRIORITIES = ["Early", "Normal", "Late"];

/** Prints name, priority, who applies it, and how many PodIntents it selects. */
export async function showConventions({ client }: Connection, output?: string): Promise<void> {
  const format = parseFormat(output);
  const found = (await listConventions(client)).map(({ convention, selected }) => ({
    name: convention.metadata.name,
    priority: convention.spec.priority ?? "Normal",
    appliedBy: appliedBy(convention),
    selectors: convention.spec.selectors?.length ?? 0,
    podIntents: selected,
    description: convention.metadata.annotations?.["slipway.dev/description"] ?? "",
  }));
  found.sort(
    (left, right) =>
      PRIORITIES.indexOf(left.priority) - PRIORITIES.indexOf(right.priority) || (left.name < right.name ? -1 : 1),
  );
  print(format, found, () =>
    renderTable([
      ["NAME", "PRIORITY", "APPLIED BY", "FOR", "PODINTENTS"],
      ...found.map(({ name, priority, appliedBy, selectors, podIntents }) => [
        name,
        priority,
        appliedBy,
        selectors === 0 ? "all pods" : `${selectors} selector${selectors > 1 ? "s" : ""}`,
        String(podIntents),
      ]),
    ]),
  );
}

function appliedBy({ spec, metadata }: ClusterPodConvention): string {
  const { url, service } = spec.webhook?.clientConfig ?? {};
  if (url) return url;
  if (service) return `service ${service.namespace}/${service.name}`;
  return metadata.annotations?.[IN_PROCESS_ANNOTATION] ? "this program" : "nobody";
}
