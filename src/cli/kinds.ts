/** Kinds as people name them: kind, plural, singular or short name. */
import type { ResourceRef } from "#api/meta.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { CliError } from "./errors.ts";

type GroupList = { groups: { name: string; preferredVersion: { version: string } }[] };
type ResourceList = {
  resources: { name: string; kind: string; singularName?: string; shortNames?: string[]; namespaced: boolean }[];
};

/** Groups whose kinds win when two have the same name, e.g. Knative's Service over the core one for `ksvc`-less spelling. */
const PREFERRED = ["carto.run", "", "apps"];

/** Finds a kind by any of its names, optionally with `.group`. Throws CliError when the cluster has none. */
export async function findKind(client: KubeClient, text: string): Promise<ResourceRef> {
  const wanted = text.toLowerCase();
  const groups = ((await client.transport.request({ method: "GET", path: "/apis" })) as GroupList).groups;
  const versions = [
    { group: "", version: "v1" },
    ...groups.map((group) => ({ group: group.name, version: group.preferredVersion.version })),
  ];
  versions.sort((left, right) => rank(left.group) - rank(right.group));
  for (const { group, version } of versions) {
    const path = group ? `/apis/${group}/${version}` : `/api/${version}`;
    const { resources } = (await client.transport.request({ method: "GET", path })) as ResourceList;
    const found = resources.find(
      ({ name, kind, singularName, shortNames = [] }) =>
        !name.includes("/") &&
        [name, kind.toLowerCase(), singularName, `${name}.${group}`, ...shortNames].includes(wanted),
    );
    if (found)
      return {
        group,
        version,
        kind: found.kind,
        plural: found.name,
        scope: found.namespaced ? "Namespaced" : "Cluster",
      };
  }
  throw new CliError(
    "usage",
    `the cluster has no kind "${text}"`,
    "kubectl api-resources lists the kinds that there are.",
  );
}

function rank(group: string): number {
  const at = PREFERRED.indexOf(group);
  return at < 0 ? PREFERRED.length : at;
}
