/** The upgrade of a connection to SPDY/3.1. */
import type { Duplex } from "node:stream";
import { failure } from "#kit/status.ts";
import type { Upgrade } from "./websocket.ts";

const HEADER = "x-stream-protocol-version";

/** Whether a client asks for SPDY. */
export function wantsSpdy({ message }: Upgrade): boolean {
  return message.headers.upgrade?.toLowerCase() === "spdy/3.1";
}

/**
 * Answers the upgrade with the first of `protocols` that the client offers (the last one when it offers none).
 * Throws Forbidden when it offers only others.
 */
export function acceptSpdy(
  { message, socket, head }: Upgrade,
  protocols: readonly string[],
): { connection: Duplex; protocol: string } {
  const offered =
    message.headersDistinct[HEADER]?.flatMap((value) => value.split(",").map((name) => name.trim())) ?? [];
  const protocol = offered.length === 0 ? protocols.at(-1) : protocols.find((candidate) => offered.includes(candidate));
  if (protocol === undefined)
    throw failure(
      "Forbidden",
      `unable to upgrade: unable to negotiate protocol: client supports ${offered.join(", ")}`,
    );
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Connection: Upgrade",
    "Upgrade: SPDY/3.1",
    ...(offered.length > 0 ? [`X-Stream-Protocol-Version: ${protocol}`] : []),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  return { connection: socket, protocol };
}
