/** The DNS server of a cluster: UDP and TCP on one address. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import type { Sockets } from "#ports/sandbox/network/sockets/sockets.ts";
import { readFrames, writeFrame } from "./frames.ts";
import type { Responder } from "./responder.ts";

const MOST_CONNECTIONS = 128;
const IDLE_MS = 10_000;
/** Queries are small; what is larger is not looked at. */
const LARGEST_QUERY = 4_096;

export type DnsServerOptions = {
  responder: Responder;
  /** The network to listen in. */
  sockets: Sockets;
  /** Address to listen on. */
  host: string;
  /** 0 for any free ports, which may differ. */
  port: number;
  /** Whether an address may ask; others get no answer. */
  isClient: (address: string) => boolean;
  onError: (error: unknown) => void;
};

export interface DnsServer {
  readonly ports: { udp: number; tcp: number };
  close(): Promise<void>;
}

/** Listens. Rejects when an address cannot be had. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const udp = await listenUdp(options);
  const connections = new Set<Socket>();
  try {
    const { server: tcp, port } = await listenTcp(options, connections);
    return {
      ports: { udp: udp.address().port, tcp: port },
      close: async () => {
        udp.close();
        const closed = new Promise((resolve) => tcp.close(resolve));
        for (const connection of connections) connection.destroy();
        await closed;
      },
    };
  } catch (error) {
    udp.close();
    throw error;
  }
}

async function listenUdp({ responder, sockets, host, port, isClient, onError }: DnsServerOptions): Promise<UdpSocket> {
  const socket = createSocket("udp4");
  let isOpen = true;
  socket.on("close", () => {
    isOpen = false;
  });
  socket.on("message", (query, client) => {
    if (query.length > LARGEST_QUERY || !isClient(client.address)) return;
    responder.respond(query, "udp").then((answer) => {
      if (answer && isOpen) socket.send(answer, client.port, client.address);
    }, onError);
  });
  await sockets.bind(socket, { ip: host, port });
  socket.on("error", onError);
  return socket;
}

async function listenTcp(
  options: DnsServerOptions,
  connections: Set<Socket>,
): Promise<{ server: Server; port: number }> {
  const server = createServer((connection) => {
    if (!options.isClient(connection.remoteAddress ?? "")) return connection.destroy();
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
    connection.setTimeout(IDLE_MS, () => connection.destroy());
    converse(connection, options).catch(() => connection.destroy());
  });
  server.maxConnections = MOST_CONNECTIONS;
  const port = await options.sockets.listen(server, { ip: options.host, port: options.port });
  return { server, port };
}

async function converse(connection: Socket, { responder }: DnsServerOptions): Promise<void> {
  for await (const query of readFrames(connection, LARGEST_QUERY)) {
    const answer = await responder.respond(query, "tcp");
    if (answer) writeFrame(connection, answer);
  }
  connection.end();
}
