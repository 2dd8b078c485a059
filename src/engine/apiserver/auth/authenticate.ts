/** Who sends a request: a client certificate, a bearer token, or nobody in particular. */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { failure } from "#kit/status.ts";
import type { User } from "../wire/request.ts";
import type { Identity } from "./identity.ts";

const ANONYMOUS: User = { username: "system:anonymous", groups: ["system:unauthenticated"] };

const certified = new WeakMap<TLSSocket, User | false>();

/** The user of a request. Throws Unauthorized for a token that is not valid. */
export async function authenticate(message: IncomingMessage, identity: Identity): Promise<User> {
  const byCertificate = certificateUser(message.socket as TLSSocket);
  if (byCertificate) return byCertificate;
  const [scheme, token] = message.headers.authorization?.split(" ") ?? [];
  if (scheme?.toLowerCase() !== "bearer" || !token) return ANONYMOUS;
  const found = await identity.authenticate(token);
  if (!found) throw failure("Unauthorized", "Unauthorized");
  return found.user;
}

/** The user of the connection's certificate; worked out once per connection. */
function certificateUser(socket: TLSSocket): User | undefined {
  let user = certified.get(socket);
  if (user === undefined) {
    user = readCertificate(socket) ?? false;
    certified.set(socket, user);
  }
  return user || undefined;
}

function readCertificate(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const username = first(subject?.CN);
  if (!username) return undefined;
  const organizations = subject?.O === undefined ? [] : [subject.O].flat();
  return { username, groups: [...organizations, "system:authenticated"] };
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
