/** Requests to pods at their addresses, also while no program runs. */
import { request } from "node:http";
import { findByArgument } from "#ports/sandbox/leftovers.ts";
import { socketsAt } from "#ports/sandbox/network/sockets/split.ts";
import { instanceOf } from "#profiles/data.ts";

/** What a pod of the program with this data folder answers to `GET /`. */
export async function hearPod(data: string, { ip, port }: { ip: string; port: number }): Promise<string> {
  const [pid] = await findByArgument(`slipway-network-${instanceOf(data)}`);
  const sockets = socketsAt(pid === undefined ? undefined : { pid, ranges: ["10.0.0.0/8"] });
  const connection = await sockets.connect({ ip, port });
  const outgoing = request({ path: "/", headers: { host: ip }, createConnection: () => connection });
  return await new Promise((resolve, reject) => {
    outgoing.on("error", reject);
    outgoing.on("response", async (answer) => resolve((await answer.toArray()).join("")));
    outgoing.end();
  });
}
