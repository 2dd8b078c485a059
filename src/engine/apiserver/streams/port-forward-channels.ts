/** Port forwarding over WebSocket channels, as browsers do it: the ports are fixed by the query. */
import { Duplex } from "node:stream";
import { type Dial, join } from "./port-forward.ts";
import { type Accepted, ChannelSocket } from "./websocket.ts";

export const PORT_CHANNEL_PROTOCOLS = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io"] as const;

/** Serves channels 2i (data) and 2i + 1 (errors) of every port until the client is gone. */
export async function forwardChannels(accepted: Accepted, ports: readonly number[], dial: Dial): Promise<void> {
  const socket = new ChannelSocket(accepted);
  await Promise.all(ports.map((port, index) => forward(socket, 2 * index, () => dial(port), port)));
  await socket.closed;
}

async function forward(
  socket: ChannelSocket,
  channel: number,
  connect: () => Promise<Duplex>,
  port: number,
): Promise<void> {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  const data = Duplex.from({ readable: socket.input(channel), writable: socket.output(channel) });
  data.on("error", () => undefined);
  await Promise.all([socket.send(channel, number), socket.send(channel + 1, number)]);
  try {
    void join(data, await connect());
  } catch (error) {
    await socket.send(channel + 1, Buffer.from((error as Error).message));
  }
}
