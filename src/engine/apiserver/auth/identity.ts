/** Whose a bearer token is. A token of a service account dies with the account, and with the object it is bound to. */
import { isObject } from "#kit/json.ts";
import type { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { User } from "../wire/request.ts";
import { type Claims, ISSUER, type Tokens } from "./tokens.ts";

/** Tokens of an object that is being deleted stay good for so long, so that it can end in order. */
const GRACE_MS = 60_000;
const PREFIX = "system:serviceaccount:";

type Reference = { name: string; uid: string };
/** The claim `kubernetes.io` of a service account's token. */
export type ServiceAccountClaim = {
  namespace: string;
  serviceaccount: Reference;
  pod?: Reference;
  node?: Reference;
  secret?: Reference;
};

export type Authenticated = { user: User; audiences: readonly string[] };

export type Identity = {
  readonly tokens: Tokens;
  /** The user of a token for one of `audiences` (default: this server), and which of them it is for; undefined when it is not valid. */
  authenticate(token: string, audiences?: readonly string[]): Promise<Authenticated | undefined>;
  /** The user that a token of the account would be; undefined when there is no such account. */
  account(reference: Reference & { namespace: string }): User | undefined;
};

/** Recognizes the tokens that `tokens` signs, as long as the objects that they name exist. */
export function createIdentity(tokens: Tokens, objects: ObjectStore, clock: () => Date): Identity {
  return {
    tokens,
    authenticate: async (token, audiences = [ISSUER]) => {
      const claims = await tokens.verify(token);
      if (!claims?.sub) return undefined;
      const meant = [claims.aud ?? []].flat();
      const shared = audiences.filter((audience) => meant.includes(audience));
      if (shared.length === 0) return undefined;
      const user = userOf(claims.sub, claims, { objects, now: clock().getTime() });
      return user && { user, audiences: shared };
    },
    account: ({ namespace, name, uid }) => {
      const claim = { namespace, serviceaccount: { name, uid } };
      return accountUser(claim, undefined, { objects, now: clock().getTime() });
    },
  };
}

type World = { objects: ObjectStore; now: number };

function userOf(username: string, claims: Claims, world: World): User | undefined {
  const account = claims["kubernetes.io"];
  if (isObject(account)) return accountUser(account as ServiceAccountClaim, claims.jti, world);
  const groups = Array.isArray(claims.groups) ? claims.groups.filter((group) => typeof group === "string") : [];
  return { username, groups: [...new Set([...groups, "system:authenticated"])] };
}

function accountUser(claim: ServiceAccountClaim, id: string | undefined, world: World): User | undefined {
  const { namespace, serviceaccount, pod, node, secret } = claim;
  const isThere = (plural: string, reference: Reference | undefined, scope = `${namespace}/`): boolean =>
    reference === undefined ||
    isAlive(world, world.objects.collection("", plural).get(`${scope}${reference.name}`), reference);
  if (!isThere("serviceaccounts", serviceaccount) || !isThere("pods", pod) || !isThere("secrets", secret))
    return undefined;
  if (!pod && !isThere("nodes", node, "")) return undefined;
  return {
    username: serviceAccountName(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: [...serviceAccountGroups(namespace), "system:authenticated"],
    extra: {
      ...(id && { "authentication.kubernetes.io/credential-id": [`JTI=${id}`] }),
      ...extraOf("pod", pod),
      ...extraOf("node", node),
    },
  };
}

function isAlive({ now }: World, entry: Entry | undefined, { uid }: Reference): boolean {
  if (entry?.uid !== uid) return false;
  return entry.deletionTimestamp === undefined || Date.parse(entry.deletionTimestamp) + GRACE_MS > now;
}

function extraOf(kind: string, reference: Reference | undefined): Record<string, readonly string[]> {
  if (!reference) return {};
  const prefix = `authentication.kubernetes.io/${kind}`;
  return { [`${prefix}-name`]: [reference.name], [`${prefix}-uid`]: [reference.uid] };
}

/** The user name of a service account. */
export function serviceAccountName(namespace: string, name: string): string {
  return `${PREFIX}${namespace}:${name}`;
}

/** Namespace and name out of a service account's user name; undefined for other users. */
export function parseServiceAccount(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(PREFIX)) return undefined;
  const [namespace, name, ...more] = username.slice(PREFIX.length).split(":");
  return namespace && name && more.length === 0 ? { namespace, name } : undefined;
}

/** The groups that every service account of a namespace is in. */
export function serviceAccountGroups(namespace: string): string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}
