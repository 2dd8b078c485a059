/** The HTTP data plane in a thread of its own: it never waits for the platform's work. */
import { Worker } from "node:worker_threads";
import type { Entrance } from "#ports/sandbox/network/sockets/split.ts";
import type { RevisionStats } from "./data-plane.ts";
import type { FromWorker, Listen, ToWorker } from "./messages.ts";
import type { RouteTable } from "./table.ts";

export type GatewayOptions = {
  /** 0 for any free port. */
  port: number;
  /** Default: loopback. */
  host?: string;
  /** Of the network in which endpoints are, where they are not reached from here. */
  entrance?: Entrance | undefined;
  /** Requests wait for a revision that has no endpoints. Repeated every second while they do. */
  onDemand: (revision: string) => void;
  /** About once a second, for the revisions that had requests; nothing when there are none. */
  onStats: (stats: RevisionStats[]) => void;
};

export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** Resolves when every new request is routed by this table. */
  update(table: RouteTable): Promise<void>;
  /** Sends no more requests to the endpoints that a revision has now, but lets them wait; false, and nothing changes, when requests are in flight. */
  deactivate(revision: string): Promise<boolean>;
  /** Takes a deactivation back. */
  activate(revision: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts the thread. Rejects when the port cannot be had. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const host = options.host ?? "127.0.0.1";
  const listen: Listen = { host, port: options.port, entrance: options.entrance };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: listen });
  return await new Promise((resolve, reject) => {
    const line = new Line(worker, options);
    worker.once("error", (error) => {
      line.fail(error);
      reject(error);
    });
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "listening") resolve(new WorkerGateway(line, host, message.port));
      else if (message.kind === "failed") {
        void worker.terminate();
        reject(new Error(`the gateway cannot listen on ${host}:${options.port}: ${message.message}`));
      } else line.receive(message);
    });
  });
}

type Request = ToWorker extends infer M ? (M extends ToWorker ? Omit<M, "id"> : never) : never;

/** Requests to the worker and their answers. */
class Line {
  readonly worker: Worker;
  private readonly options: GatewayOptions;
  private readonly waiting = new Map<number, PromiseWithResolvers<boolean>>();
  private next = 0;
  private failure: Error | undefined;

  constructor(worker: Worker, options: GatewayOptions) {
    this.worker = worker;
    this.options = options;
  }

  ask(request: Request): Promise<boolean> {
    if (this.failure) return Promise.reject(this.failure);
    const answer = Promise.withResolvers<boolean>();
    const id = this.next++;
    this.waiting.set(id, answer);
    this.worker.postMessage({ ...request, id });
    return answer.promise;
  }

  receive(message: FromWorker): void {
    if (message.kind === "demand") this.options.onDemand(message.revision);
    if (message.kind === "stats") this.options.onStats(message.stats);
    if (message.kind !== "done") return;
    this.waiting.get(message.id)?.resolve(message.result);
    this.waiting.delete(message.id);
  }

  fail(error: Error): void {
    this.failure = error;
    for (const answer of this.waiting.values()) answer.reject(error);
    this.waiting.clear();
  }
}

class WorkerGateway implements Gateway {
  readonly url: string;
  readonly port: number;
  private readonly line: Line;

  constructor(line: Line, host: string, port: number) {
    this.line = line;
    this.port = port;
    this.url = `http://${host}:${port}`;
  }

  async update(table: RouteTable): Promise<void> {
    await this.line.ask({ kind: "table", table });
  }

  async deactivate(revision: string): Promise<boolean> {
    return await this.line.ask({ kind: "deactivate", revision });
  }

  async activate(revision: string): Promise<void> {
    await this.line.ask({ kind: "activate", revision });
  }

  async close(): Promise<void> {
    await this.line.ask({ kind: "close" });
    this.line.fail(new Error("the gateway is closed"));
    await this.line.worker.terminate();
  }
}
