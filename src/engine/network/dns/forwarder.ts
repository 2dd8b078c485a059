/** Passes questions about other names on to the resolvers of this machine. */
import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { deepEqual } from "#kit/json.ts";
import { decodeMessage } from "./decode.ts";
import { readFrames, writeFrame } from "./frames.ts";
import { lowerCase, type Question } from "./message.ts";

export type Transport = "udp" | "tcp";

export type Upstream = { host: string; port: number };

export type ForwarderOptions = {
  /** Asked one after the other. */
  upstreams: readonly Upstream[];
  /** How long each of them has, in milliseconds. */
  timeoutMs: number;
  /** Questions that wait for an answer at a time. */
  limit: number;
};

const MOST_UPSTREAMS = 3;

export class Forwarder {
  private readonly options: ForwarderOptions;
  private inFlight = 0;

  constructor(options: ForwarderOptions) {
    this.options = options;
  }

  /** The answer of the first resolver that gives one, as it is; undefined when none does or too many wait already. */
  async ask(query: Uint8Array, transport: Transport): Promise<Uint8Array | undefined> {
    if (this.inFlight >= this.options.limit) return undefined;
    this.inFlight++;
    try {
      for (const upstream of this.options.upstreams.slice(0, MOST_UPSTREAMS)) {
        const answer = await exchange(query, upstream, transport, this.options.timeoutMs).catch(() => undefined);
        if (answer) return answer;
      }
      return undefined;
    } finally {
      this.inFlight--;
    }
  }
}

function exchange(query: Uint8Array, upstream: Upstream, transport: Transport, timeoutMs: number): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(timeoutMs);
  return transport === "udp" ? overUdp(query, upstream, signal) : overTcp(query, upstream, signal);
}

/** A port of its own for every question, and only the answer to it counts. */
function overUdp(query: Uint8Array, { host, port }: Upstream, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4", signal });
    const finish = (settle: () => void): void => {
      settle();
      socket.removeAllListeners("message").close();
    };
    socket.on("message", (answer) => {
      if (answers(query, answer)) finish(() => resolve(answer));
    });
    socket.once("error", (error) => finish(() => reject(error)));
    socket.on("close", () => reject(new Error(`${host} does not answer`)));
    // A connected socket takes datagrams from there alone, and is told when nobody listens.
    socket.connect(port, host, () => socket.send(query));
  });
}

async function overTcp(query: Uint8Array, { host, port }: Upstream, signal: AbortSignal): Promise<Uint8Array> {
  const socket = connect({ host, port, signal });
  try {
    writeFrame(socket, query);
    for await (const answer of readFrames(socket)) if (answers(query, answer)) return answer;
    throw new Error(`${host} does not answer`);
  } finally {
    socket.destroy();
  }
}

/** Whether it is an answer with the number and the question of the query. */
function answers(query: Uint8Array, answer: Uint8Array): boolean {
  try {
    const [asked, given] = [decodeMessage(query), decodeMessage(answer)];
    if (!given.isResponse || given.id !== asked.id) return false;
    return given.questions.length === 0 || deepEqual(given.questions.map(normal), asked.questions.map(normal));
  } catch {
    return false;
  }
}

function normal({ name, ...rest }: Question): object {
  return { name: lowerCase(name), ...rest };
}

/** The resolvers of a resolv.conf; `own`: our address, which would ask us again. */
export function parseUpstreams(text: string, own: string): Upstream[] {
  const hosts = text.split("\n").flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return hosts.filter((host) => host !== own).map((host) => ({ host, port: 53 }));
}

/** The resolvers of this machine. */
export async function machineUpstreams(own: string): Promise<Upstream[]> {
  return parseUpstreams(await readFile("/etc/resolv.conf", "utf8").catch(() => ""), own);
}
