/** What the platform and the gateway's thread say to each other. */
import type { Entrance } from "#ports/sandbox/network/sockets/split.ts";
import type { RevisionStats } from "./data-plane.ts";
import type { RouteTable } from "./table.ts";

/** `entrance`: of the network in which endpoints are, where they are not reached from here. */
export type Listen = { host: string; port: number; entrance?: Entrance | undefined };

/** Each is answered by a `done` with the same id. */
export type ToWorker =
  | { kind: "table"; id: number; table: RouteTable }
  | { kind: "deactivate"; id: number; revision: string }
  | { kind: "activate"; id: number; revision: string }
  | { kind: "close"; id: number };

export type FromWorker =
  | { kind: "listening"; port: number }
  | { kind: "failed"; message: string }
  | { kind: "done"; id: number; result: boolean }
  | { kind: "demand"; revision: string }
  | { kind: "stats"; stats: RevisionStats[] };
