/** Who may pull and push: Bearer tokens as clients fetch them from a token endpoint, or Basic with the token as password. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { RegistryError } from "./errors.ts";
import { replyJson } from "./exchange.ts";

export type Action = "pull" | "push";

/** Decides over one repository. The header is `Bearer <token>`, however the client sent the token, or undefined. */
export type Authorize = (
  authorizationHeader: string | undefined,
  action: Action,
  repository: string,
) => Promise<boolean>;

const SERVICE = "slipway";

/** What a client without credentials gets from the token endpoint; it stands for no token at all. */
const ANONYMOUS = "anonymous";

/** The request's token as a Bearer header, whether it came as Bearer or as the password of Basic. */
export function bearerOf(request: IncomingMessage): string | undefined {
  const [scheme = "", value = ""] = (request.headers.authorization ?? "").split(" ");
  const token = scheme.toLowerCase() === "basic" ? password(value) : value;
  return token && token !== ANONYMOUS ? `Bearer ${token}` : undefined;
}

/** The refusal that tells a client where to get a token and for what. */
export function challenge(request: IncomingMessage, scope?: { repository: string; action: Action }): RegistryError {
  const actions = scope?.action === "push" ? "pull,push" : "pull";
  const fields = [
    `realm="${originOf(request)}/v2/token"`,
    `service="${SERVICE}"`,
    ...(scope ? [`scope="repository:${scope.repository}:${actions}"`] : []),
    ...(scope && request.headers.authorization ? ['error="insufficient_scope"'] : []),
  ];
  const message = scope
    ? `${scope.action} to ${scope.repository} needs a token: log in with any user name and the token as password`
    : "log in with any user name and a token as password, or continue without to pull";
  return new RegistryError("UNAUTHORIZED", message, { "WWW-Authenticate": `Bearer ${fields.join(",")}` });
}

/** GET /v2/token: hands a client its own token back when it is good for the scope, or the anonymous one. */
export async function replyToken(
  request: IncomingMessage,
  response: ServerResponse,
  context: { query: URLSearchParams; authorize: Authorize },
): Promise<void> {
  const bearer = bearerOf(request);
  for (const scope of bearer ? context.query.getAll("scope").flatMap((value) => value.split(" ")) : []) {
    const [type, repository = "", actions = ""] = scope.split(":");
    const action = actions.split(",").includes("push") ? "push" : "pull";
    if (type === "repository" && !(await context.authorize(bearer, action, repository)))
      throw challenge(request, { repository, action });
  }
  const token = bearer?.slice("Bearer ".length) ?? ANONYMOUS;
  replyJson(response, { token, access_token: token, expires_in: 300 }, { "Cache-Control": "no-store" });
}

function password(credentials: string): string {
  const text = Buffer.from(credentials, "base64").toString();
  return text.slice(text.indexOf(":") + 1);
}

function originOf(request: IncomingMessage): string {
  const encrypted = "encrypted" in request.socket && request.socket.encrypted === true;
  return `${encrypted ? "https" : "http"}://${request.headers.host ?? "localhost"}`;
}
