/** The API over HTTPS. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { failure } from "#kit/status.ts";
import type { Pki } from "../auth/pki.ts";
import type { Server } from "../server.ts";
import { parseBody, readBody } from "./body.ts";
import { admit } from "./head.ts";
import { statusOf } from "./render.ts";
import { methodsOf } from "./request.ts";
import { send, sendStatus } from "./respond.ts";
import { refuse, serveSocket } from "./socket.ts";

export type HttpsOptions = { server: Server; pki: Pki; port: number; host: string };

/** Listens. Resolves with the server once it accepts connections; rejects when the port is taken. */
export function listen({ server, pki, port, host }: HttpsOptions): Promise<HttpsServer> {
  const https = createHttpsServer(
    {
      key: pki.server.key,
      cert: pki.server.cert,
      ca: pki.authority.cert,
      requestCert: true,
      rejectUnauthorized: false,
      keepAliveTimeout: 120_000,
      noDelay: true,
    },
    (message, response) => void serve(message, response, server),
  );
  https.on("upgrade", (message, socket, head) => void serveSocket({ message, socket, head }, server));
  https.on("clientError", refuseMalformed);
  return new Promise((resolve, reject) => {
    https.once("error", reject);
    https.listen(port, host, () => {
      https.off("error", reject);
      resolve(https);
    });
  });
}

async function serve(message: IncomingMessage, response: ServerResponse, server: Server): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort(GONE);
  });
  try {
    const { request, rendering } = await admit(message, server, gone.signal);
    if (message.method !== "GET" && message.method !== "HEAD") {
      const { value, repeated } = parseBody(await readBody(message), request.contentType);
      request.body = value;
      request.repeated = repeated;
    }
    await send(response, await server.handle(request), rendering);
  } catch (error) {
    message.resume();
    const status = statusOf(error);
    if (status.code === 405 && !response.headersSent)
      response.setHeader("allow", methodsOf(message.url ?? "/").join(", "));
    sendStatus(response, status);
  }
}

/** Why work for a client stops; made once, as it says the same every time. */
const GONE = new Error("the client has closed the connection");

/** Answers what is no HTTP, and closes the connection. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  const isTooLong = error.code === "HPE_HEADER_OVERFLOW";
  const why = isTooLong ? "the request header is too long" : `the request is malformed: ${error.message}`;
  refuse(socket, failure("BadRequest", why, undefined, isTooLong ? 431 : 400).status);
}
