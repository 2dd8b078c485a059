/** Reads every object of a cluster for what it says of content: image digests, and artifacts of sources. */
import type { ResourceRef } from "#api/meta.ts";
import type { KubeClient } from "#ports/kube/client.ts";

export type Mentions = {
  digests: ReadonlySet<string>;
  /** Paths below the front door, such as `/artifacts/gitrepository/ns/name/<commit>.tar.gz`. */
  artifacts: ReadonlySet<string>;
};

const DIGEST = /sha256:[0-9a-f]{64}/g;
const ARTIFACT = /\/artifacts\/[\w.-]+\/[\w.-]+\/[\w.-]+\/[0-9a-f]+\.tar\.gz/g;
const PAGE = 500;

type ApiResource = { name: string; kind: string; namespaced: boolean; verbs: string[] };

/** Throws when anything cannot be read: what was not seen must not count as not mentioned. */
export async function readMentions(client: KubeClient): Promise<Mentions> {
  const digests = new Set<string>();
  const artifacts = new Set<string>();
  const onText = (text: string): void => {
    for (const [digest] of text.matchAll(DIGEST)) digests.add(digest);
    for (const [path] of text.matchAll(ARTIFACT)) artifacts.add(path);
  };
  for (const resource of await listableResources(client))
    for await (const object of objectsOf(client, resource)) visitStrings(object, onText);
  return { digests, artifacts };
}

async function* objectsOf(client: KubeClient, resource: ResourceRef): AsyncGenerator<unknown> {
  let page: string | undefined;
  do {
    const list = await client.list(resource, { limit: PAGE, ...(page && { continue: page }) });
    yield* list.items;
    page = list.continue;
  } while (page);
}

/** One version of every kind that can be listed. */
async function listableResources({ transport }: KubeClient): Promise<ResourceRef[]> {
  const read = (path: string): Promise<unknown> => transport.request({ method: "GET", path });
  type Groups = { groups: { name: string; preferredVersion: { version: string }; versions: { version: string }[] }[] };
  const { groups } = (await read("/apis")) as Groups;
  const places = [
    { group: "", version: "v1", path: "/api/v1" },
    ...groups.flatMap(({ name: group, versions }) =>
      versions.map(({ version }) => ({ group, version, path: `/apis/${group}/${version}` })),
    ),
  ];
  const found = new Map<string, ResourceRef>();
  for (const { group, version, path } of places)
    for (const { name, kind, namespaced, verbs } of ((await read(path)) as { resources: ApiResource[] }).resources) {
      if (name.includes("/") || !verbs.includes("list") || found.has(`${group}/${name}`)) continue;
      const scope = namespaced ? "Namespaced" : "Cluster";
      found.set(`${group}/${name}`, { group, version, kind, plural: name, scope });
    }
  return [...found.values()];
}

function visitStrings(value: unknown, visit: (text: string) => void): void {
  if (typeof value === "string") visit(value);
  else if (typeof value === "object" && value !== null)
    for (const part of Object.values(value)) visitStrings(part, visit);
}
