/** TCP connections to programs in pods, as if from inside the pod: what listens on its loopback is reached too. */
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { DialAnswer } from "./dial-inside.ts";
import type { NetworkAttachment } from "./network/network.ts";
import type { ServiceEndpoint } from "./network/services.ts";
import type { Sockets } from "./network/sockets/sockets.ts";
import { TOOL_ENVIRONMENT, toolPath } from "./process.ts";

const INSIDE = fileURLToPath(new URL("dial-inside.ts", import.meta.url));
const TIMEOUT_MS = 30_000;

/** A connection to a port of a pod; each direction ends by itself. Rejects with an Error in the words of a dialer. */
export async function dialPod(sockets: Sockets, attachment: NetworkAttachment, containerPort: number): Promise<Socket> {
  const { ip } = attachment;
  const port = attachment.port(containerPort);
  try {
    return await dial(sockets, { ip, port });
  } catch (error) {
    const { code } = (error as Error).cause as NodeJS.ErrnoException;
    if (attachment.netns && code === "ECONNREFUSED") return await dialInside(attachment, port);
    throw error;
  }
}

/** A connection to a place; each direction ends by itself. Rejects with an Error in the words of a dialer. */
export async function dial(sockets: Sockets, { ip, port }: ServiceEndpoint): Promise<Socket> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })), TIMEOUT_MS);
  const connecting = sockets.connect({ ip, port });
  try {
    return await Promise.race([connecting, late.promise]);
  } catch (cause) {
    connecting.then((socket) => socket.destroy()).catch(() => undefined);
    const { code = "", message } = cause as NodeJS.ErrnoException;
    throw new Error(`dial tcp ${ip}:${port}: ${REASONS[code] ?? message}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

const REASONS: { readonly [code: string]: string } = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};

/** Connects to the loopback address of a network namespace. The connection is made inside and handed out. */
function dialInside({ netns, userns }: NetworkAttachment, port: number): Promise<Socket> {
  const owner = userns ? [`--user=${userns}`, "--preserve-credentials"] : [];
  const args = [...owner, `--net=${netns}`, "--", process.execPath, INSIDE, String(port)];
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
