/** HTTP through the API server to pods and services: `…/proxy/PATH`. */
import {
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createDeflate, createGunzip, createGzip, createInflate } from "node:zlib";
import { failure } from "#kit/status.ts";
import type { Server } from "../server.ts";
import type { RawRequest, Target } from "../wire/request.ts";
import { admitConnect } from "./connect.ts";
import { join } from "./port-forward.ts";
import { htmlRewriter, type ProxyPlace, rewriteLink } from "./proxy-rewrite.ts";
import { type ProxyTarget, proxyTarget } from "./proxy-target.ts";
import type { Upgrade } from "./websocket.ts";

/** They concern one connection, or only this server. */
const OWN_HEADERS =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|authorization|impersonate-.*|x-forwarded-(uri|host|proto))$/i;

type Headers = [name: string, value: string][];

/** Passes a request on and answers it. Throws StatusError while nothing has been answered. */
export async function proxyRequest(
  message: IncomingMessage,
  response: ServerResponse,
  { raw, target }: { raw: RawRequest; target: Target },
  server: Server,
): Promise<void> {
  const { url = "/", method = "GET" } = message;
  const path = target.path ?? "";
  if (path === "" && (method === "GET" || method === "HEAD")) {
    const [own, query] = url.split("?", 2);
    response.writeHead(301, { location: `${own}/${query === undefined ? "" : `?${query}`}` }).end();
    return;
  }
  const { place, to } = await locate(raw, target, url, server);
  const outgoing = await open(message, { place, to, path, headers: ownHeaders(message, place, path) });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", (error) => reject(unreachable(error)));
  });
  response.once("close", () => outgoing.destroy());
  message.pipe(outgoing);
  const answer = await answered;
  outgoing.on("error", () => response.destroy());
  await relay(answer, response, place).catch(() => response.destroy());
}

/** Passes the upgrade of a connection on. Throws StatusError while nothing has been answered. */
export async function proxyUpgrade(
  { message, socket, head }: Upgrade,
  raw: RawRequest,
  target: Target,
  server: Server,
): Promise<() => Promise<void>> {
  const path = target.path ?? "";
  const { place, to } = await locate(raw, target, message.url ?? "/", server);
  const wanted: Headers = [
    ["Connection", "Upgrade"],
    ["Upgrade", message.headers.upgrade ?? ""],
  ];
  const headers = [...ownHeaders(message, place, path), ...wanted];
  const outgoing = await open(message, { place, to, path, headers });
  const answered = new Promise<() => Promise<void>>((resolve, reject) => {
    outgoing.once("error", (error) => reject(unreachable(error)));
    outgoing.once("upgrade", (answer, other: Duplex, rest: Buffer) => {
      socket.write(renderHead(answer));
      if (rest.length > 0) other.unshift(rest);
      if (head.length > 0) socket.unshift(head);
      resolve(() => join(socket, other));
    });
    outgoing.once("response", (answer) => {
      socket.write(renderHead(answer, "close"));
      resolve(() => pipeline(answer, socket));
    });
  });
  socket.once("close", () => outgoing.destroy());
  outgoing.end();
  return await answered;
}

async function locate(
  raw: RawRequest,
  target: Target,
  url: string,
  server: Server,
): Promise<{ place: ProxyPlace; to: ProxyTarget }> {
  const path = target.path ?? "";
  const { request } = await admitConnect(raw, { target, url, path }, server);
  const to = proxyTarget(request, server);
  const own = raw.path.slice(0, raw.path.length - path.length);
  return { place: { prefix: own, hosts: to.hosts }, to };
}

type Opening = { place: ProxyPlace; to: ProxyTarget; path: string; headers: Headers };

async function open(message: IncomingMessage, { to, path, headers }: Opening): Promise<ClientRequest> {
  const connection = await to.connect().catch((error: unknown) => {
    throw unreachable(error);
  });
  const { url = "/", method = "GET" } = message;
  const question = url.indexOf("?");
  return requestHttp({
    method,
    path: `${path || "/"}${question < 0 ? "" : url.slice(question)}`,
    headers: headers.flat(),
    setHost: false,
    createConnection: () => connection,
  });
}

/** The client's headers without those that are not for the proxied server, and with where it was asked. */
function ownHeaders({ headersDistinct, headers }: IncomingMessage, { prefix }: ProxyPlace, path: string): Headers {
  const listed = (headers.connection ?? "").toLowerCase().split(/\s*,\s*/);
  const passed = Object.entries(headersDistinct)
    .filter(([name]) => !OWN_HEADERS.test(name) && !listed.includes(name))
    .flatMap(([name, values = []]): Headers => values.map((value) => [name, value]));
  const chunked: Headers = headers["transfer-encoding"] ? [["transfer-encoding", "chunked"]] : [];
  return [
    ...passed,
    ...chunked,
    ["X-Forwarded-Uri", `${prefix}${path}`],
    ["X-Forwarded-Host", headers.host ?? ""],
    ["X-Forwarded-Proto", "https"],
  ];
}

function unreachable(error: unknown): Error {
  return failure("ServiceUnavailable", `error trying to reach service: ${(error as Error).message}`);
}

async function relay(answer: IncomingMessage, response: ServerResponse, place: ProxyPlace): Promise<void> {
  const encoding = answer.headers["content-encoding"] ?? "";
  const recode = RECODERS[encoding];
  const isHtml = answer.headers["content-type"]?.startsWith("text/html") && recode !== undefined;
  const headers = Object.entries(answer.headersDistinct).filter(
    ([name]) => !OWN_HEADERS.test(name) && !(isHtml && name === "content-length"),
  );
  for (const [name, values = []] of headers)
    response.setHeader(name, name === "location" ? values.map((value) => rewriteLink(value, place)) : values);
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage);
  response.flushHeaders();
  if (!isHtml) return await pipeline(answer, response);
  const [decode, encode] = recode();
  await pipeline([answer, ...decode, htmlRewriter(place), ...encode, response]);
}

/** How HTML in each content encoding is read and written. */
const RECODERS: { readonly [encoding: string]: () => [Duplex[], Duplex[]] } = {
  "": () => [[], []],
  gzip: () => [[createGunzip()], [createGzip()]],
  deflate: () => [[createInflate()], [createDeflate()]],
};

/** The head of an answer that goes to the client as it is. */
function renderHead({ statusCode = 502, statusMessage, rawHeaders }: IncomingMessage, connection?: string): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage || STATUS_CODES[statusCode] || ""}`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (connection === undefined || !/^(connection|keep-alive|transfer-encoding)$/i.test(name))
      lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  if (connection !== undefined) lines.push(`Connection: ${connection}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
