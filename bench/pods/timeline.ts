/** When what happened to which pod: milestones of a start, in milliseconds since it was asked for. */
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import type { Metrics } from "../main.ts";
import { quantile, summary } from "../statistics.ts";

/** In the order in which they come; each phase is named after its end. */
const MILESTONES = ["created", "scheduled", "network", "prepared", "rootfs", "started", "status"] as const;
type Milestone = (typeof MILESTONES)[number];

export class Timeline {
  private readonly pods = new Map<string, Map<Milestone, number>>();
  private readonly asked = new Map<string, number>();

  /** The pod is about to be created. */
  ask(pod: string): void {
    this.asked.set(pod, performance.now());
    this.pods.set(pod, new Map());
  }

  /** Forgets all pods until now. */
  clear(): void {
    this.asked.clear();
    this.pods.clear();
  }

  /** The first time counts. */
  reach(pod: string, milestone: Milestone): void {
    const times = this.pods.get(pod);
    if (times && !times.has(milestone)) times.set(milestone, performance.now() - (this.asked.get(pod) ?? 0));
  }

  /** From the request to the status, and the share of each phase. */
  metrics(prefix: string): Metrics {
    const pods = [...this.pods.values()];
    const totals = pods.map((times) => times.get("status") ?? Number.NaN);
    const phases = MILESTONES.map((milestone) => {
      const lengths = pods.flatMap((times) => phaseOf(times, milestone));
      return lengths.length > 0 ? { [`${prefix}_${milestone}_p50_ms`]: tenth(quantile(lengths, 0.5)) } : {};
    });
    return {
      ...summary(`${prefix}_running`, totals),
      [`${prefix}_running_max_ms`]: tenth(Math.max(...totals)),
      ...Object.assign({}, ...phases),
    };
  }

  /** From the first request until all pods have got there. */
  span(milestone: Milestone): number {
    const first = Math.min(...this.asked.values());
    const ends = [...this.pods].map(
      ([pod, times]) => (this.asked.get(pod) ?? 0) + (times.get(milestone) ?? Number.NaN),
    );
    return Math.max(...ends) - first;
  }

  /** Tells when pods are connected. `podOf` gives the name for a uid. */
  network(network: PodNetwork, podOf: (uid: string) => string): PodNetwork {
    const attach: PodNetwork["attach"] = async (podId, ports) => {
      const attachment = await network.attach(podId, ports);
      this.reach(podOf(podId), "network");
      return attachment;
    };
    return withMethods(network, { attach });
  }

  /** Tells when the runtime is asked for a container, and when it runs. */
  runtime(runtime: SandboxRuntime, podOf: (containerId: string) => string): SandboxRuntime {
    const create: SandboxRuntime["create"] = async (spec, signal) => {
      this.reach(podOf(spec.id), "prepared");
      const container = await runtime.create(spec, signal);
      this.reach(podOf(spec.id), "started");
      return container;
    };
    return withMethods(runtime, { create });
  }
}

function phaseOf(times: ReadonlyMap<Milestone, number>, milestone: Milestone): number[] {
  const end = times.get(milestone);
  if (end === undefined) return [];
  const before = MILESTONES.slice(0, MILESTONES.indexOf(milestone)).flatMap((each) => times.get(each) ?? []);
  return [end - Math.max(0, ...before)];
}

/** The same object, but for some of its methods. */
function withMethods<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (_, key) => {
      if (key in methods) return Reflect.get(methods, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Rounded to a tenth. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
