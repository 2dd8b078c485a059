/** network: connecting a pod, and how long a change of a Service takes to be routed, with few and with many Services. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { EndpointSlice, Pod, Service } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { machineHost } from "#ports/sandbox/network/host/machine.ts";
import { createRoutedNetwork } from "#ports/sandbox/network/routed.ts";
import { NAMESPACE, type NetworkWorld, NODE, startNetworkWorld } from "../test/core/network-world.ts";
import type { Metrics } from "./main.ts";
import { quantile, summary } from "./statistics.ts";

const ATTACHMENTS = 40;
const AT_ONCE = 20;
/** Between two pods, as when a Deployment is scaled by hand. */
const GAP_MS = 30;
const SERVICES = 1_000;
const CHANGES = 20;
/** The way in that does not depend on who serves the range on this host. */
const NODE_PORT = 31_000 + (process.pid % 1_000);
const SERVICE_RANGE = "10.96.0.0/16";

export async function run(): Promise<Metrics> {
  const instance = (0xd000_0000 + process.pid).toString(16);
  const attached = await attachments(instance);
  await using world = await startNetworkWorld(
    createRoutedNetwork({ host: machineHost(), instance, serviceRange: SERVICE_RANGE }),
    instance,
  );
  const pods = await twoServers(world);
  const few = await changes(world, pods);
  const started = performance.now();
  for (let index = 0; index < SERVICES; index += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => publish(world, `filler-${index + more}`, pods)));
  await world.services.settled();
  const filled = performance.now() - started;
  const many = await changes(world, pods);
  return {
    ...attached,
    ...summary("service_change_routed", few),
    [`services_${SERVICES}_all_routed_ms`]: Math.round(filled),
    ...summary(`service_change_routed_with_${SERVICES}`, many),
  };
}

async function attachments(instance: string): Promise<Metrics> {
  const network = createRoutedNetwork({ host: machineHost(), instance, serviceRange: SERVICE_RANGE });
  try {
    const began = performance.now();
    await network.recover();
    const ready = performance.now() - began;
    const single: number[] = [];
    for (let pod = 0; pod < ATTACHMENTS; pod++) {
      const started = performance.now();
      await network.attach(`single-${pod}`, []);
      single.push(performance.now() - started);
      await sleep(GAP_MS);
    }
    const together = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, pod) => {
        const started = performance.now();
        await network.attach(`together-${pod}`, []);
        return performance.now() - started;
      }),
    );
    return {
      network_ready_ms: Math.round(ready),
      ...summary("attach", single),
      [`attach_${AT_ONCE}_at_once_ms`]: Math.round(quantile(together, 1)),
    };
  } finally {
    await network.close();
  }
}

type Pair = [k8s.Pod, k8s.Pod];

/** Two pods that say their names to who connects. */
async function twoServers(world: NetworkWorld): Promise<Pair> {
  const labels = { app: "server" };
  for (const name of ["one", "two"]) {
    const containers = [{ name: "c", image: "app:1" }];
    await world.client.create(Pod, {
      metadata: { name, namespace: NAMESPACE, labels },
      spec: { nodeName: NODE, containers },
    });
  }
  const pods = (await world.pods(labels, 2)) as Pair;
  for (const pod of pods) {
    const word = JSON.stringify(pod.metadata.name);
    await world.run(
      pod,
      `require("net").createServer((s) => s.on("error", () => {}).end(${word})).listen(8080, () => console.log("up"))`,
    );
  }
  return pods;
}

/** From the write of an EndpointSlice to the first connection that gets to the new endpoint, in milliseconds. */
async function changes(world: NetworkWorld, pods: Pair): Promise<number[]> {
  const took: number[] = [];
  await publish(world, "moving", pods.slice(0, 1), NODE_PORT);
  for (let change = 0; change < CHANGES; change++) {
    const pod = pods[change % 2] as k8s.Pod;
    await world.services.settled();
    const started = performance.now();
    await point(world, "moving", [pod]);
    while ((await hear("127.0.0.1", NODE_PORT)) !== pod.metadata.name);
    if (change > 0) took.push(performance.now() - started);
  }
  return took;
}

async function publish(world: NetworkWorld, name: string, pods: readonly k8s.Pod[], nodePort?: number): Promise<void> {
  const ports = [{ port: 80, targetPort: 8080, ...(nodePort && { nodePort }) }];
  const spec = { ports, ...(nodePort && { type: "NodePort" }) };
  await world.client.apply(Service, { metadata: { name, namespace: NAMESPACE }, spec });
  await point(world, name, pods);
}

async function point(world: NetworkWorld, name: string, pods: readonly k8s.Pod[]): Promise<void> {
  await world.client.apply(EndpointSlice, {
    metadata: { name, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: pods.map(({ status }) => ({ addresses: [status?.podIP ?? ""] })),
    ports: [{ name: "", protocol: "TCP", port: 8080 }],
  });
}

/** What the server says; nothing when it cannot be reached. */
function hear(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect({ host, port });
    socket.on("data", (chunk) => {
      heard += chunk;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(heard));
  });
}
