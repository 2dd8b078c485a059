/** `workload tail`: the logs of the workload's builds and pods, merged, each line with where it comes from. */
import { Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { Build } from "#api/kpack.io/index.ts";
import type { ResourceRef } from "#api/meta.ts";
import { pathOf } from "#ports/kube/client.ts";
import type { Connection } from "../connection.ts";
import { parseDuration } from "../duration.ts";

export type TailOptions = {
  /** Only lines newer than this, e.g. `5m`. */
  since: string;
  timestamp?: boolean;
  /** `build`, or the value of a pod's label `app.kubernetes.io/component`, e.g. `run`; all when left out. */
  component?: string;
  /** Ends the following; without it only the end of the process does. */
  signal?: AbortSignal;
};

type Tail = TailOptions & { connection: Connection; name: string; sinceSeconds: number };

/** Follows until the signal aborts. */
export async function tailWorkload(connection: Connection, name: string, options: TailOptions): Promise<void> {
  const sinceSeconds = Math.ceil(parseDuration(options.since) / 1000);
  const tail = { ...options, connection, name, sinceSeconds };
  const { component } = options;
  await Promise.all([
    component === undefined || component === "build" ? tailBuilds(tail) : undefined,
    component === "build" ? undefined : tailPods(tail),
  ]);
}

async function tailBuilds(tail: Tail): Promise<void> {
  const printed = new Set<string>();
  const since = Date.now() - tail.sinceSeconds * 1000;
  await followAll(tail, Build, { "image.kpack.io/image": tail.name }, ({ metadata, status }) => {
    if (!status?.log || !status.finishedAt || printed.has(metadata.name)) return;
    printed.add(metadata.name);
    if (Date.parse(status.finishedAt) < since) return;
    const time = tail.timestamp ? `${status.finishedAt} ` : "";
    for (const line of status.log.trimEnd().split("\n")) console.log(`${metadata.name}[build] ${time}${line}`);
  });
}

async function tailPods(tail: Tail): Promise<void> {
  const labels = {
    "carto.run/workload-name": tail.name,
    ...(tail.component && { "app.kubernetes.io/component": tail.component }),
  };
  const followed = new Set<string>();
  const streams: Promise<void>[] = [];
  await followAll(tail, Pod, labels, (pod) => {
    const { uid = "" } = pod.metadata;
    const hasStarted = ["Running", "Succeeded", "Failed"].includes(pod.status?.phase ?? "");
    if (!hasStarted || followed.has(uid)) return;
    followed.add(uid);
    streams.push(...pod.spec.containers.map((container) => tailContainer(tail, pod.metadata, container.name)));
  });
  await Promise.all(streams);
}

/** Calls back with every object that has the labels, now and later. A watch that ends is taken up again. */
async function followAll<T>(
  { connection: { client, namespace }, signal = new AbortController().signal }: Tail,
  resource: ResourceRef<T>,
  labels: Record<string, string>,
  show: (object: T) => void,
): Promise<void> {
  try {
    while (!signal.aborted) {
      const { items, resourceVersion } = await client.list(resource, { namespace, labels, signal });
      items.forEach(show);
      const options = { namespace, labels, resourceVersion, allowBookmarks: false, signal };
      for await (const { type, object } of client.watch(resource, options)) if (type !== "DELETED") show(object);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function tailContainer(tail: Tail, pod: k8s.Pod["metadata"], container: string): Promise<void> {
  const { client } = tail.connection;
  const path = pathOf(Pod, pod.namespace, pod.name, "log");
  const query = {
    container,
    follow: "true",
    sinceSeconds: String(tail.sinceSeconds),
    timestamps: String(tail.timestamp ?? false),
  };
  let rest = "";
  try {
    const request = { method: "GET", path, query, ...(tail.signal && { signal: tail.signal }) } as const;
    for await (const chunk of await client.transport.stream(request)) {
      const lines = `${rest}${Buffer.from(chunk).toString("utf8")}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) console.log(`${pod.name}[${container}] ${line}`);
    }
  } catch (error) {
    if (!tail.signal?.aborted) console.error(`${pod.name}[${container}] log ended: ${(error as Error).message}`);
  }
}
