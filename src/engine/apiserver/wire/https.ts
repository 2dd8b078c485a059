/** The API over HTTPS. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { failure, forbidden } from "#kit/status.ts";
import { authenticate } from "../auth/authenticate.ts";
import type { Pki } from "../auth/pki.ts";
import { isAllowed } from "../auth/rbac.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { Server } from "../server.ts";
import type { RowObject } from "../tables/table.ts";
import { mediaType, parseBody, readBody } from "./body.ts";
import { acceptedForms } from "./negotiate.ts";
import { type Rendering, statusOf } from "./render.ts";
import { parseTarget, type Query, type RawRequest, type User, verbOf } from "./request.ts";
import { send, sendStatus } from "./respond.ts";

export type HttpsOptions = { server: Server; pki: Pki; tokens: Tokens; port: number; host: string };

/** Listens. Resolves with the server once it accepts connections; rejects when the port is taken. */
export function listen({ server, pki, tokens, port, host }: HttpsOptions): Promise<HttpsServer> {
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
    (message, response) => void serve(message, response, { server, tokens }),
  );
  https.on("clientError", (_, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    https.once("error", reject);
    https.listen(port, host, () => {
      https.off("error", reject);
      resolve(https);
    });
  });
}

type Context = { server: Server; tokens: Tokens };

async function serve(message: IncomingMessage, response: ServerResponse, { server, tokens }: Context): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    const request = readHead(message, gone.signal);
    const rendering: Rendering = {
      forms: request.path.startsWith("/openapi/") ? [] : acceptedForms(message.headers.accept),
      include: rowObject(request.query),
      now: server.clock(),
    };
    request.user = await authenticate(message, tokens);
    authorize(request, server);
    if (message.method !== "GET" && message.method !== "HEAD")
      request.body = parseBody(await readBody(message), request.contentType);
    await send(response, await server.handle(request), rendering);
  } catch (error) {
    message.resume();
    sendStatus(response, statusOf(error));
  }
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

function rowObject({ includeObject }: Query): RowObject {
  return includeObject === "None" || includeObject === "Object" ? includeObject : "Metadata";
}

/** Throws Forbidden unless the user may do what the request asks. */
function authorize({ method, path, query, user }: RawRequest, { objects }: Server): void {
  const target = parseTarget(path);
  if (!target) {
    const verb = method.toLowerCase();
    if (isAllowed(user, { verb, path }, objects)) return;
    throw failure("Forbidden", `forbidden: User "${user.username}" cannot ${verb} path "${path}"`);
  }
  const verb = verbOf(method, target, query);
  const { group, plural, subresource, namespace, name } = target;
  const resource = subresource ? `${plural}/${subresource}` : plural;
  if (isAllowed(user, { verb, group, resource, namespace, name }, objects)) return;
  const scope = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  const why = `User "${user.username}" cannot ${verb} resource "${resource}" in API group "${group}" ${scope}`;
  throw forbidden({ group, resource: plural }, name ?? "", why);
}
