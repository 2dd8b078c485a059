/** A throw-away API server for tests, with clients over both transports. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { type ApiServer, type ApiServerOptions, startApiServer } from "#engine/apiserver/start.ts";
import { httpTransport } from "#ports/kube/http.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import type { Transport, WatchEvent } from "#ports/kube/transport.ts";
import { memoryStore } from "#ports/store/memory.ts";

export type Cluster = AsyncDisposable & { server: ApiServer; folder: string; https: Transport; inProcess: Transport };

/** Starts a server on any free port; disposing of it removes everything. */
export async function startCluster(options: Partial<ApiServerOptions> = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-apiserver-"));
  const server = await startApiServer({ store: memoryStore(), dataDir: folder, port: 0, ...options });
  const https = httpTransport(parseKubeconfig(server.kubeconfig()));
  return {
    server,
    folder,
    https,
    inProcess: server.transport(),
    [Symbol.asyncDispose]: async () => {
      await https.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const Widget: ResourceRef<Unstructured> = {
  group: "example.dev",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  scope: "Namespaced",
};

/** The definition of {@link Widget}: required and defaulted fields, a keyed list, status, scale, columns. */
export const widgetDefinition = {
  metadata: { name: "widgets.example.dev" },
  spec: {
    group: "example.dev",
    scope: "Namespaced" as const,
    names: { plural: "widgets", kind: "Widget", shortNames: ["wd"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
        },
        additionalPrinterColumns: [
          { name: "Size", type: "integer", jsonPath: ".spec.size" },
          { name: "Source", type: "string", jsonPath: ".spec.source['git.url','image']" },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object" as const,
            properties: {
              spec: {
                type: "object" as const,
                required: ["size"],
                properties: {
                  size: { type: "integer" as const, minimum: 1 },
                  replicas: { type: "integer" as const, default: 1 },
                  source: {
                    type: "object" as const,
                    properties: {
                      image: { type: "string" as const },
                      git: { type: "object" as const, properties: { url: { type: "string" as const } } },
                    },
                  },
                  parts: {
                    type: "array" as const,
                    "x-kubernetes-list-type": "map" as const,
                    "x-kubernetes-list-map-keys": ["name"],
                    items: {
                      type: "object" as const,
                      required: ["name"],
                      properties: { name: { type: "string" as const }, color: { type: "string" as const } },
                    },
                  },
                },
              },
              status: { type: "object" as const, "x-kubernetes-preserve-unknown-fields": true },
            },
          },
        },
      },
    ],
  },
};

/** Reads events until `count` have come, then ends the watch. */
export async function take<T>(events: AsyncIterable<WatchEvent<T>>, count: number): Promise<WatchEvent<T>[]> {
  const taken: WatchEvent<T>[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

/** Waits until `probe` gives something, asking again after every tick. Throws after 5 seconds. */
export async function eventually<T>(probe: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error("it did not happen within 5 seconds");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
