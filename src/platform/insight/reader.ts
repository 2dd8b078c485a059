/** What the questions about a cluster need to read; answered by any Kubernetes client. */
import { Pod } from "#api/builtin/index.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { hasReason } from "#kit/status.ts";
import { type KubeClient, pathOf } from "#ports/kube/client.ts";

export interface Reader {
  get(apiVersion: string, kind: string, name: string, namespace?: string): Promise<Unstructured | undefined>;
  list(
    apiVersion: string,
    kind: string,
    selection: { namespace?: string; labels?: Record<string, string> },
  ): Promise<Unstructured[]>;
  /** The last lines of a container's log; empty when there is none. `previous` asks for the run before the present one. */
  logTail(
    pod: { name: string; namespace?: string | undefined },
    container: string,
    lines: number,
    previous: boolean,
  ): Promise<string[]>;
}

/** Reads from one cluster. Kinds that the cluster does not serve have no objects. */
export function clusterReader(client: KubeClient): Reader {
  const find = async (apiVersion: string, kind: string): Promise<ResourceRef | undefined> => {
    try {
      return await client.resourceFor(apiVersion, kind);
    } catch (error) {
      if (hasReason(error, "NotFound")) return undefined;
      throw error;
    }
  };
  return {
    async get(apiVersion, kind, name, namespace) {
      const resource = await find(apiVersion, kind);
      return resource && (await client.get(resource, name, namespace));
    },
    async list(apiVersion, kind, selection) {
      const resource = await find(apiVersion, kind);
      if (!resource) return [];
      const { items } = await client.list(resource, selection);
      return items.map((item) => ({ ...item, apiVersion, kind }));
    },
    async logTail(pod, container, lines, previous) {
      const path = pathOf(Pod, pod.namespace, pod.name, "log");
      const query = { container, tailLines: String(lines), previous: String(previous) };
      try {
        const chunks: Uint8Array[] = [];
        for await (const chunk of await client.transport.stream({ method: "GET", path, query })) chunks.push(chunk);
        return Buffer.concat(chunks).toString("utf8").split("\n").filter(Boolean);
      } catch {
        return [];
      }
    },
  };
}
