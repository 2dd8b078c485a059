/** The API over HTTPS. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { failure } from "#kit/status.ts";
import type { Pki } from "../auth/pki.ts";
import type { Server } from "../server.ts";
import { proxyRequest } from "../streams/proxy.ts";
import { isPatch, parseBody, readBody } from "./body.ts";
import { type Admitted, admit } from "./head.ts";
import { statusOf } from "./render.ts";
import { methodsOf, parseTarget, type RawRequest } from "./request.ts";
import { send, sendPage, sendStatus, warn } from "./respond.ts";
import { UnknownPathError } from "./route.ts";
import { refuse, serveSocket } from "./socket.ts";
import type { Body } from "./yaml-body.ts";

export type HttpsOptions = { server: Server; pki: Pki; port: number; host: string };

export type Listener = {
  readonly address: AddressInfo;
  /** Ends all connections, upgraded ones too. */
  close(): void;
};

/** Listens. Resolves once connections are accepted; rejects when the port is taken. */
export function listen({ server, pki, port, host }: HttpsOptions): Promise<Listener> {
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
  const upgraded = new Set<Duplex>();
  https.on("upgrade", (message, socket, head) => {
    upgraded.add(socket);
    socket.on("close", () => upgraded.delete(socket));
    void serveSocket({ message, socket, head }, server);
  });
  https.on("clientError", refuseMalformed);
  return new Promise((resolve, reject) => {
    https.once("error", reject);
    https.listen(port, host, () => {
      https.off("error", reject);
      resolve({
        address: https.address() as AddressInfo,
        close: () => {
          https.close();
          https.closeAllConnections();
          for (const socket of upgraded) socket.destroy();
        },
      });
    });
  });
}

async function serve(message: IncomingMessage, response: ServerResponse, server: Server): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort(GONE);
  });
  let admitted: Admitted | undefined;
  try {
    admitted = await admit(message, server, gone.signal);
    const { request, rendering } = admitted;
    const target = request.path.includes("/proxy") ? parseTarget(request.path) : undefined;
    if (target?.subresource === "proxy") return await proxyRequest(message, response, { raw: request, target }, server);
    if (message.method !== "GET" && message.method !== "HEAD") {
      const bytes = await readBody(message);
      const isOdd = message.method === "PATCH" && !isPatch(request.contentType);
      if (!isOdd && (bytes.length > 0 || message.method !== "DELETE"))
        takeBody(request, parseBody(bytes, request.contentType));
    }
    await send(response, await server.handle(request), rendering);
  } catch (error) {
    message.resume();
    if (error instanceof UnknownPathError) {
      sendPage(response, 404, UnknownPathError.page);
      return;
    }
    const status = statusOf(error);
    if (status.code === 405 && !response.headersSent)
      response.setHeader("allow", methodsOf(message.url ?? "/").join(", "));
    if (!response.headersSent) warn(response, admitted?.request.warnings ?? []);
    sendStatus(response, status, admitted?.rendering);
  }
}

function takeBody(request: RawRequest, { value, repeated, malformed }: Body): void {
  request.body = value;
  request.repeated = repeated;
  request.malformed = malformed;
}

/** Why work for a client stops; made once, as it says the same every time. */
const GONE = new Error("the client has closed the connection");

/** Answers what is no HTTP, and closes the connection. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  const isTooLong = error.code === "HPE_HEADER_OVERFLOW";
  const why = isTooLong ? "the request header is too long" : `the request is malformed: ${error.message}`;
  refuse(socket, failure("BadRequest", why, undefined, isTooLong ? 431 : 400).status);
}
