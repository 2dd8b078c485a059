/** `npm run bench -- NAME [--json]`: measures the real program and prints one JSON object, or lines for people. */
import { availableParallelism } from "node:os";

export type Metrics = Record<string, number>;
type Bench = { doc: string; load: () => Promise<{ run(): Promise<Metrics> }> };

const BENCHES: { readonly [name: string]: Bench } = {
  apiserver: { doc: "the API server: throughput, latency, CPU, memory", load: () => import("./apiserver.ts") },
  boot: { doc: "start to Ready, and memory when idle", load: () => import("./boot.ts") },
  network: {
    doc: "connecting a pod; from a change of a Service to its route, with few and with 1,000 Services (root)",
    load: () => import("./network.ts"),
  },
  pods: {
    doc: "from creating a pod until it runs, phase by phase; 100 at once; memory; CronJobs; 10,000 pretended (root)",
    load: () => import("./pods.ts"),
  },
  supply: {
    doc: "a change of a template stamped in 1,000 workloads, and of one workload meanwhile",
    load: () => import("./supply.ts"),
  },
  "supply-scale": {
    doc: "1,000 and 10,000 workloads: cost and memory of each; one namespace beside a busy one",
    load: () => import("./supply-scale.ts"),
  },
  "pod-intent": {
    doc: "CPU of a PodIntent through five conventions of this program",
    load: () => import("./pod-intent.ts"),
  },
  "push-to-url": {
    doc: "git push to image and to the first answer of the new revision",
    load: () => import("./push-to-url.ts"),
  },
  "cold-start": {
    doc: "first byte of a request to an application that is at zero",
    load: () => import("./cold-start.ts"),
  },
};

const [name = "", ...flags] = process.argv.slice(2);
const bench = BENCHES[name];
if (!bench) {
  for (const [known, { doc }] of Object.entries(BENCHES)) console.log(`${known.padEnd(14)} ${doc}`);
  process.exitCode = name ? 2 : 0;
} else {
  const metrics = await (await bench.load()).run();
  const result = { bench: name, node: process.version, cpus: availableParallelism(), metrics };
  if (flags.includes("--json")) console.log(JSON.stringify(result));
  else for (const [metric, value] of Object.entries(metrics)) console.log(`${metric.padEnd(32)} ${value}`);
}
