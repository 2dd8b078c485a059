/** The head of an HTTP request: who sends it, what it asks, and in which form the answer is wanted. */
import type { IncomingMessage } from "node:http";
import { failure } from "#kit/status.ts";
import { authenticate } from "../auth/authenticate.ts";
import { impersonate } from "../auth/impersonation.ts";
import { requirePermission } from "../auth/permission.ts";
import type { Server } from "../server.ts";
import type { RowObject } from "../tables/table.ts";
import { mediaType } from "./body.ts";
import { acceptedForms } from "./negotiate.ts";
import type { Rendering } from "./render.ts";
import { parseTarget, type Query, type RawRequest, type User } from "./request.ts";

/** A request whose sender is known and allowed to make it; its body has not been read. */
export type Admitted = { request: RawRequest; rendering: Rendering };

/** Throws Unauthorized, Forbidden, NotAcceptable or BadRequest. */
export async function admit(message: IncomingMessage, server: Server, signal: AbortSignal): Promise<Admitted> {
  const request = readHead(message, signal);
  const rendering: Rendering = {
    forms: hasOwnForm(request.path) ? [] : acceptedForms(message.headers.accept, isRouted(request.path, server)),
    include: rowObject(request.query),
    now: server.clock(),
    gzip: message.method === "GET" && /(^|,)\s*gzip\s*(,|;(?!\s*q=0)|$)/.test(header(message, "accept-encoding")),
  };
  request.user = impersonate(message, await authenticate(message, server.identity), server.access);
  requirePermission(request, server.access);
  return { request, rendering };
}

/** Whether what is answered does not depend on the Accept header. */
function hasOwnForm(path: string): boolean {
  return path.startsWith("/openapi/") || (path.includes("/proxy") && parseTarget(path)?.subresource === "proxy");
}

/** Built-in resources are found by their path alone. */
function isRouted(path: string, { registry }: Server): boolean {
  if (path.startsWith("/api/")) return true;
  return path.startsWith("/apis/") && registry.isOwn(path.split("/", 3)[2] ?? "");
}

function header(message: IncomingMessage, name: string): string {
  const value = message.headers[name];
  return typeof value === "string" ? value : "";
}

const NOBODY: User = { username: "", groups: [] };

function readHead(message: IncomingMessage, signal: AbortSignal): RawRequest {
  const { url = "/", method = "GET", headers } = message;
  const question = url.indexOf("?");
  return {
    method,
    path: question < 0 ? url : url.slice(0, question),
    query: question < 0 ? {} : parseQuery(url.slice(question + 1)),
    contentType: mediaType(headers["content-type"]),
    accept: headers.accept,
    body: undefined,
    warnings: [],
    ownsBody: true,
    user: NOBODY,
    userAgent: headers["user-agent"] ?? "unknown",
    signal,
  };
}

function parseQuery(text: string): Query {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) if (!Object.hasOwn(query, name)) query[name] = value;
  return query;
}

function rowObject({ includeObject = "" }: Query): RowObject {
  if (includeObject === "None" || includeObject === "Object") return includeObject;
  if (includeObject === "" || includeObject === "Metadata") return "Metadata";
  throw failure(
    "BadRequest",
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}
