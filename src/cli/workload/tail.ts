/** `workload tail`: the logs of the workload's builds and pods, merged, each line with where it comes from. */
import { Pod } from "#api/builtin/index.ts";
import { Build } from "#api/kpack.io/index.ts";
import { pathOf } from "#ports/kube/client.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";

type TailOptions = { since: string; timestamp?: boolean };

/** Follows until the process is interrupted. */
export async function tailWorkload(connection: Connection, name: string, options: TailOptions): Promise<void> {
  await Promise.all([tailBuilds(connection, name), tailPods(connection, name, options)]);
}

async function tailBuilds({ client, namespace }: Connection, name: string): Promise<void> {
  const printed = new Set<string>();
  const show = (build: Build): void => {
    const log = build.status?.log;
    if (!log || !build.status?.finishedAt || printed.has(build.metadata.name)) return;
    printed.add(build.metadata.name);
    for (const line of log.split("\n")) console.log(`${build.metadata.name}[build] ${line}`);
  };
  const labels = { "image.kpack.io/image": name };
  const { items, resourceVersion } = await client.list(Build, { namespace, labels });
  items.forEach(show);
  for await (const { object } of client.watch(Build, { namespace, labels, resourceVersion, allowBookmarks: false }))
    show(object);
}

async function tailPods({ client, namespace }: Connection, name: string, options: TailOptions): Promise<void> {
  const labels = { "carto.run/workload-name": name };
  const { items, resourceVersion } = await client.list(Pod, { namespace, labels });
  const followed = new Set<string>();
  const follow = (pod: (typeof items)[number]): void => {
    const running = pod.status?.phase === "Running" || pod.status?.phase === "Failed";
    const { uid = "" } = pod.metadata;
    if (!running || followed.has(uid)) return;
    followed.add(uid);
    for (const container of pod.spec.containers) void tailContainer(client, pod.metadata, container.name, options);
  };
  items.forEach(follow);
  for await (const { object } of client.watch(Pod, { namespace, labels, resourceVersion, allowBookmarks: false }))
    follow(object);
}

async function tailContainer(
  client: Connection["client"],
  pod: { name: string; namespace?: string },
  container: string,
  options: TailOptions,
): Promise<void> {
  const path = pathOf(Pod, pod.namespace, pod.name, "log");
  const query = {
    container,
    follow: "true",
    sinceSeconds: String(seconds(options.since)),
    timestamps: String(options.timestamp ?? false),
  };
  let rest = "";
  try {
    for await (const chunk of await client.transport.stream({ method: "GET", path, query })) {
      const lines = `${rest}${Buffer.from(chunk).toString("utf8")}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) console.log(`${pod.name}[${container}] ${line}`);
    }
  } catch (error) {
    console.error(`${pod.name}[${container}] log ended: ${(error as Error).message}`);
  }
}

function seconds(duration: string): number {
  const match = /^(\d+)(s|m|h)$/.exec(duration);
  if (!match) throw new CliError("usage", `"${duration}" is no duration`, "Use for example 30s, 5m or 1h.");
  const units: Record<string, number> = { s: 1, m: 60, h: 3600 };
  return Number(match[1]) * (units[match[2] ?? "s"] ?? 1);
}
