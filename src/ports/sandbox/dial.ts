/** TCP connections to programs in pods, as if from inside the pod: what listens on its loopback is reached too. */
import { spawn } from "node:child_process";
import { connect, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { DialAnswer } from "./dial-inside.ts";
import type { NetworkAttachment } from "./network/network.ts";
import { TOOL_ENVIRONMENT, toolPath } from "./process.ts";

const INSIDE = fileURLToPath(new URL("dial-inside.ts", import.meta.url));
const TIMEOUT_MS = 30_000;

/** A connection to a port of a pod; each direction ends by itself. Rejects with an Error in the words of a dialer. */
export async function dialPod(attachment: NetworkAttachment, containerPort: number): Promise<Socket> {
  const { ip, netns } = attachment;
  const port = attachment.port(containerPort);
  try {
    return await dial(ip, port);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (netns && code === "ECONNREFUSED") return await dialInside(netns, port);
    throw new Error(`dial tcp ${ip}:${port}: ${REASONS[code] ?? message}`, { cause: error });
  }
}

const REASONS: { readonly [code: string]: string } = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};

function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject).setTimeout(0);
      resolve(socket);
    });
  });
}

/** Connects to the loopback address of a network namespace. The connection is made inside and handed out. */
function dialInside(netns: string, port: number): Promise<Socket> {
  const args = [`--net=${netns}`, "--", process.execPath, INSIDE, String(port)];
  const child = spawn(toolPath("nsenter"), args, {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: TOOL_ENVIRONMENT,
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`cannot enter the network namespace ${netns}`)));
    child.on("message", ({ error = "" }: DialAnswer, handle) => {
      if (!(handle instanceof Socket)) {
        reject(new Error(`dial tcp 127.0.0.1:${port}: ${REASONS[error] ?? error}`));
        return;
      }
      handle.allowHalfOpen = true;
      resolve(handle);
    });
  });
}
