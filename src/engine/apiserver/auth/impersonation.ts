/** Impersonation headers: acting as somebody else, for those who may. */
import type { IncomingMessage } from "node:http";
import { failure } from "#kit/status.ts";
import type { User } from "../wire/request.ts";
import type { Authorizer } from "./authorizer.ts";
import { parseServiceAccount, serviceAccountGroups } from "./identity.ts";
import type { Attributes } from "./rules.ts";

const PREFIX = "impersonate-";
const EXTRA = "impersonate-extra-";
const AUTHENTICATION = "authentication.k8s.io";

type Wish = { user: string; uid: string | undefined; groups: readonly string[]; extra: Record<string, string[]> };

/** The user whom the request is to be taken for. Throws Forbidden when `user` may not impersonate everything that is asked for. */
export function impersonate(message: IncomingMessage, user: User, authorizer: Authorizer): User {
  const wish = wishOf(message);
  if (!wish) return user;
  for (const wanted of checks(wish)) if (!authorizer.allows(user, wanted)) throw refusal(user, wanted);
  return become(wish);
}

function wishOf(message: IncomingMessage): Wish | undefined {
  let asked = false;
  for (const name in message.headers) if (name.startsWith(PREFIX)) asked = true;
  if (!asked) return undefined;
  const headers = message.headersDistinct;
  const user = headers["impersonate-user"]?.[0] ?? "";
  const uid = headers["impersonate-uid"]?.[0];
  const groups = headers["impersonate-group"] ?? [];
  const extra: Record<string, string[]> = {};
  for (const [name, values] of Object.entries(headers))
    if (name.startsWith(EXTRA) && values) extra[unescapeKey(name.slice(EXTRA.length))] = values;
  if (!user && (uid || groups.length > 0 || Object.keys(extra).length > 0))
    throw failure(
      "BadRequest",
      `requested ${describe({ user, uid, groups, extra })} without impersonating a user name`,
    );
  return user ? { user, uid, groups, extra } : undefined;
}

/** A wish as a real server prints it. */
function describe({ uid = "", groups, extra }: Wish): string {
  const texts = (values: readonly string[]): string =>
    `[]string{${values.map((value) => JSON.stringify(value)).join(", ")}}`;
  const entries = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${texts(values)}`);
  const shown = entries.length > 0 ? `map[string][]string{${entries.join(", ")}}` : "map[string][]string(nil)";
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${texts(groups)}, Extra:${shown}}`;
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function checks({ user, uid, groups, extra }: Wish): Attributes[] {
  const account = parseServiceAccount(user);
  const verb = "impersonate";
  return [
    account
      ? { verb, group: "", resource: "serviceaccounts", namespace: account.namespace, name: account.name }
      : { verb, group: "", resource: "users", name: user },
    ...groups.map((name) => ({ verb, group: "", resource: "groups", name })),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((name) => ({ verb, group: AUTHENTICATION, resource: `userextras/${key}`, name })),
    ),
    ...(uid ? [{ verb, group: AUTHENTICATION, resource: "uids", name: uid }] : []),
  ];
}

function refusal(user: User, { group = "", resource = "", namespace, name }: Attributes): Error {
  const [plural = ""] = resource.split("/");
  const subject = `${group ? `${plural}.${group}` : plural} "${name}"`;
  const where = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  const why = `User "${user.username}" cannot impersonate resource "${resource}" in API group "${group}" ${where}`;
  const details = { name: name ?? "", ...(group && { group }), kind: plural };
  return failure("Forbidden", `${subject} is forbidden: ${why}`, details);
}

function become({ user, uid, groups, extra }: Wish): User {
  const account = parseServiceAccount(user);
  const own = groups.length === 0 && account ? serviceAccountGroups(account.namespace) : groups;
  const standing = user === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  return {
    username: user,
    groups: [...new Set([...own, standing])],
    ...(uid && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}
