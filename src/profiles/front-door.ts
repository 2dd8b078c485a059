/** The front door: one HTTP server for Git, the registry, artifacts and health. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers a request and returns true, or returns false when it is not for this handler. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

export type FrontDoor = { url: string; close(): Promise<void> };

/** Listens and offers each request to the handlers in order; what none of them takes is a 404. */
export async function openFrontDoor(options: {
  host: string;
  port: number;
  handlers: readonly Handler[];
  onError: (error: unknown) => void;
}): Promise<FrontDoor> {
  const server = createServer((request, response) => {
    answer(request, response, options.handlers).catch((error: unknown) => {
      options.onError(error);
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end("internal error\n");
    });
  });
  server.requestTimeout = 0; // pushes of large repositories and layers take their time
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, handlers: readonly Handler[]): Promise<void> {
  for (const handler of handlers) if (await handler(request, response)) return;
  response.writeHead(404, { "content-type": "text/plain" });
  response.end(`nothing is served at ${request.url}\n`);
}

/** `/healthz`, and a page at `/` that says where everything is. `describe` returns undefined while the platform starts. */
export function healthHandler(describe: () => string | undefined): Handler {
  return async (request, response) => {
    const path = request.url?.split("?")[0];
    if (path !== "/healthz" && path !== "/") return false;
    const page = describe();
    response.writeHead(page === undefined ? 503 : 200, { "content-type": "text/plain" });
    response.end(page === undefined ? "starting\n" : path === "/" ? page : "ok\n");
    return true;
  };
}
