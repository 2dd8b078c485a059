/** Connects the autoscaler to the gateway: demand and statistics one way, deactivation the other. */
import type { Gateway, GatewayOptions } from "#engine/gateway/gateway.ts";
import type { RevisionStats, TrafficPort } from "#platform/serving/index.ts";

export type TrafficRelay = {
  callbacks: Pick<GatewayOptions, "onDemand" | "onStats">;
  portOf(gateway: Pick<Gateway, "deactivate">): TrafficPort;
};

/** Callbacks for the gateway, and the port for the autoscaler. */
export function trafficRelay(): TrafficRelay {
  const demand = new Set<(revision: string) => void>();
  const stats = new Set<(stats: RevisionStats[]) => void>();
  return {
    callbacks: {
      onDemand: (revision) => demand.forEach((listener) => listener(revision)),
      onStats: (values) => stats.forEach((listener) => listener(values)),
    },
    portOf: (gateway) => ({
      onDemand: (listener) => subscribe(demand, listener),
      onStats: (listener) => subscribe(stats, listener),
      deactivate: (revision) => gateway.deactivate(revision),
    }),
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
