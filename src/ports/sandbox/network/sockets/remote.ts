/** Sockets of a network namespace that this program is not in: a small process inside makes them and hands them out. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { TOOL_ENVIRONMENT } from "../../process.ts";
import type { Place, Sockets } from "./sockets.ts";

const SCRIPT = fileURLToPath(new URL("sockets.pl", import.meta.url));
/** How long a connection may take; the kernel alone would try for two minutes. */
const CONNECT_TIMEOUT_MS = 30_000;

/** What Node.js gives for a socket that came through a channel. */
type Handle = NonNullable<ConstructorParameters<typeof Socket>[0]> & { close(): void };
type Verb = "connect" | "listen" | "bind";

/**
 * Sockets of the place that a command leads to, such as `nsenter --net=… --`. Its process is started when it is needed,
 * by every thread that asks, and ends with this program.
 */
export class RemoteSockets implements Sockets {
  private readonly enter: readonly string[];
  private readonly waiting = new Map<number, PromiseWithResolvers<Handle>>();
  private helper: ChildProcess | undefined;
  private next = 0;
  private isClosed = false;

  constructor(enter: readonly string[]) {
    this.enter = enter;
  }

  async connect(place: Place): Promise<Socket> {
    const handle = await this.ask("connect", place);
    // The handle is not in the type declarations of Node.js, though its own channel uses it.
    const socket = new Socket({ handle, readable: true, writable: true, allowHalfOpen: true } as object);
    return socket;
  }

  listen: Sockets["listen"] = async (server, place) => {
    server.listen(await this.ask("listen", place));
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };

  bind: Sockets["bind"] = async (socket, place) => {
    const handle = await this.ask("bind", place);
    await new Promise<void>((resolve) => (socket.bind as (handle: Handle, done: () => void) => void)(handle, resolve));
  };

  /** Ends the process; sockets that were handed out stay. What is asked for from here on is refused. */
  close(): void {
    this.isClosed = true;
    this.helper?.disconnect();
  }

  private ask(verb: Verb, place: Place): Promise<Handle> {
    if (this.isClosed) return Promise.reject(failure(verb, place, "ECANCELED"));
    this.helper ??= this.start();
    const id = this.next++;
    const answer = Promise.withResolvers<Handle>();
    const timer = setTimeout(() => answer.reject(failure(verb, place, "ETIMEDOUT")), CONNECT_TIMEOUT_MS);
    const settled = (): void => {
      clearTimeout(timer);
      this.waiting.delete(id);
    };
    this.waiting.set(id, answer);
    this.helper.send(`${verb} ${id} ${place.ip} ${place.port}`, (error) => error && answer.reject(error));
    return answer.promise.finally(settled).catch((reason: unknown) => {
      throw typeof reason === "string" ? failure(verb, place, reason) : reason;
    });
  }

  private start(): ChildProcess {
    const [file = "", ...args] = [...this.enter, "perl", SCRIPT];
    const helper = spawn(file, args, { stdio: ["ignore", "ignore", "ignore", "ipc"], env: TOOL_ENVIRONMENT });
    helper.on("message", (message, handle) => this.receive(String(message), handle as Handle | undefined));
    const lost = (): void => {
      if (this.helper === helper) this.helper = undefined;
      for (const { reject } of this.waiting.values()) reject("ENETDOWN");
    };
    helper.on("error", lost);
    helper.on("exit", lost);
    helper.unref();
    helper.channel?.unref();
    return helper;
  }

  private receive(message: string, handle: Handle | undefined): void {
    const [id = "", code] = message.split(" ");
    const waiting = this.waiting.get(Number(id));
    if (!waiting) handle?.close();
    else if (handle) waiting.resolve(handle);
    else waiting.reject(code ?? "EIO");
  }
}

/** In the form of an error of Node.js. */
function failure(verb: Verb, { ip, port }: Place, code: string): NodeJS.ErrnoException {
  const syscall = verb;
  return Object.assign(new Error(`${syscall} ${code} ${ip}:${port}`), { code, syscall, address: ip, port });
}
