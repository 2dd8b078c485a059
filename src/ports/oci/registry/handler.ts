/** The OCI distribution API (v1.1) as a request handler, to be mounted at `/v2/`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isRepositoryName } from "../reference.ts";
import { type Action, type Authorize, bearerOf, challenge, replyToken } from "./access.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import { RegistryError } from "./errors.ts";
import { type Exchange, replyJson } from "./exchange.ts";
import { listReferrers, listRepositories, listTags } from "./listings.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import type { Registry } from "./registry.ts";
import { Uploads } from "./uploads.ts";

export type RegistryHandlerOptions = {
  registry: Registry;
  authorize: Authorize;
  /** Told about failures that are not the client's. */
  onError?: (error: unknown) => void;
};

/** True when the request was for the registry and has been answered. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

type Endpoint = { action: Action; run: (exchange: Exchange) => Promise<void> | void };

const PATH = /^\/v2\/(?<name>.+)\/(?<verb>blobs\/uploads|blobs|manifests|tags|referrers)\/(?<target>[^/]*)$/;

/** Handles every request below `/v2`; others are left alone. Never rejects. */
export function createRegistryHandler(options: RegistryHandlerOptions): RequestHandler {
  const endpoints = endpointsOf(options);
  return async (request, response) => {
    const url = URL.parse(request.url ?? "", "http://registry");
    if (!url || (url.pathname !== "/v2" && !url.pathname.startsWith("/v2/"))) return false;
    try {
      await dispatch({ options, endpoints, url, request, response });
    } catch (error) {
      fail(response, error, options.onError);
    }
    return true;
  };
}

type Dispatch = {
  options: RegistryHandlerOptions;
  endpoints: Record<string, Endpoint>;
  url: URL;
  request: IncomingMessage;
  response: ServerResponse;
};

async function dispatch({ options, endpoints, url, request, response }: Dispatch): Promise<void> {
  const { registry, authorize } = options;
  const query = url.searchParams;
  response.setHeader("Docker-Distribution-API-Version", "registry/2.0");
  if (url.pathname === "/v2/token" && request.method === "GET")
    return replyToken(request, response, { query, authorize });
  if (url.pathname === "/v2/" || url.pathname === "/v2") {
    if (!request.headers.authorization) throw challenge(request);
    return replyJson(response, {});
  }
  const method = request.method === "HEAD" ? "GET" : request.method;
  if (url.pathname === "/v2/_catalog" && method === "GET")
    return listRepositories({ registry, request, response, query, repository: "", target: "" });
  const { name: repository = "", verb = "", target = "" } = PATH.exec(url.pathname)?.groups ?? {};
  if (!isRepositoryName(repository))
    throw new RegistryError(verb ? "NAME_INVALID" : "NAME_UNKNOWN", `${url.pathname} does not name a repository`);
  const endpoint = endpoints[`${method} ${verb}${verb === "blobs/uploads" && !target ? "/" : ""}`];
  if (!endpoint || (verb === "tags" && target !== "list"))
    throw new RegistryError("UNSUPPORTED", `${request.method} ${url.pathname} is not supported`);
  if (!(await authorize(bearerOf(request), endpoint.action, repository)))
    throw challenge(request, { repository, action: endpoint.action });
  await endpoint.run({ registry, request, response, query, repository, target: decode(target) });
}

/** Some clients write the colon of a digest as %3A. */
function decode(target: string): string {
  return target.replace(/%3a/gi, ":");
}

function endpointsOf({ registry, authorize }: RegistryHandlerOptions): Record<string, Endpoint> {
  const uploads = new Uploads(registry);
  const pull = (run: Endpoint["run"]): Endpoint => ({ action: "pull", run });
  const push = (run: Endpoint["run"]): Endpoint => ({ action: "push", run });
  return {
    "GET blobs": pull(getBlob),
    "DELETE blobs": push(deleteBlob),
    "POST blobs/uploads/": push((exchange) =>
      uploads.start(exchange, (from) => authorize(bearerOf(exchange.request), "pull", from)),
    ),
    "GET blobs/uploads": push((exchange) => uploads.progress(exchange)),
    "PATCH blobs/uploads": push((exchange) => uploads.append(exchange)),
    "PUT blobs/uploads": push((exchange) => uploads.close(exchange)),
    "DELETE blobs/uploads": push((exchange) => uploads.cancel(exchange)),
    "GET manifests": pull(getManifest),
    "PUT manifests": push(putManifest),
    "DELETE manifests": push(deleteManifest),
    "GET tags": pull(listTags),
    "GET referrers": pull(listReferrers),
  };
}

function fail(response: ServerResponse, error: unknown, onError: RegistryHandlerOptions["onError"]): void {
  const known = error instanceof RegistryError ? error : unexpected(error, onError);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(known.body);
  response.writeHead(known.status, {
    ...known.headers,
    "Content-Type": "application/json",
    "Content-Length": body.length,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

/** A client that went away is nobody's failure; anything else is ours. */
function unexpected(error: unknown, onError: RegistryHandlerOptions["onError"]): RegistryError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== "ECONNRESET" && code !== "ERR_STREAM_PREMATURE_CLOSE") onError?.(error);
  return new RegistryError("UNKNOWN", "the registry failed to answer: see its log, then try again");
}
