/** The gateway's thread: the data plane, driven by messages. */
import { parentPort, workerData } from "node:worker_threads";
import { socketsAt } from "#ports/sandbox/network/sockets/split.ts";
import { DataPlane } from "./data-plane.ts";
import type { FromWorker, Listen, ToWorker } from "./messages.ts";

const port = parentPort;
if (!port) throw new Error("worker.ts runs in a worker thread only");

const send = (message: FromWorker): void => port.postMessage(message);
const { host, port: wanted, entrance } = workerData as Listen;
const plane = new DataPlane({
  sockets: entrance && socketsAt(entrance),
  onDemand: (revision) => send({ kind: "demand", revision }),
  onStats: (stats) => send({ kind: "stats", stats }),
  random: Math.random,
  now: () => performance.now(),
});

async function handle(message: ToWorker): Promise<boolean> {
  switch (message.kind) {
    case "table":
      plane.update(message.table);
      return true;
    case "deactivate":
      return plane.deactivate(message.revision);
    case "activate":
      plane.activate(message.revision);
      return true;
    case "close":
      await plane.close();
      return true;
  }
}

port.on("message", (message: ToWorker) => {
  void handle(message).then((result) => send({ kind: "done", id: message.id, result }));
});

plane.listen(host, wanted).then(
  (listening) => send({ kind: "listening", port: listening }),
  (error: Error) => send({ kind: "failed", message: error.message }),
);
