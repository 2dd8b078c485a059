/** Runs in a pod's network namespace: connects to a port of its loopback address, and hands the connection out. */
import { connect, type Socket } from "node:net";

/** `error`: the code of what went wrong; without it a connection comes along. */
export type DialAnswer = { error?: string };

const ADDRESSES = ["127.0.0.1", "::1"];

function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.pause();
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}

async function answer(port: number): Promise<[DialAnswer, Socket?]> {
  let failed = "";
  for (const address of ADDRESSES)
    try {
      return [{}, await dial(address, port)];
    } catch (error) {
      failed ||= (error as NodeJS.ErrnoException).code ?? "unknown error";
    }
  return [{ error: failed }];
}

const [message, socket] = await answer(Number(process.argv[2]));
process.send?.(message, socket, {}, () => process.disconnect());
