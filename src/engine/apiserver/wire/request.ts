/** From method, path and query to what is asked of which resource. */
import { failure } from "#kit/status.ts";
import type { ServedResource, Verb } from "../resources/served.ts";

export type Query = { readonly [name: string]: string | undefined };

export type User = {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: { readonly [key: string]: readonly string[] };
};

/** A request before anything is looked up. */
export type RawRequest = {
  method: string;
  path: string;
  query: Query;
  contentType: string;
  /** The Accept header; undefined takes anything. */
  accept?: string | undefined;
  /** The parsed body; undefined when there is none. */
  body: unknown;
  /** What the text of the body gives twice, in words; its last value is in the body. */
  repeated?: readonly string[];
  /** Why the text of the body could not be parsed, as Go says it. */
  malformed?: string | undefined;
  /** What the client is told besides the answer, or besides an error. */
  warnings?: string[];
  /** True when nobody else holds the body, so that it may be changed. */
  ownsBody: boolean;
  user: User;
  userAgent: string;
  signal?: AbortSignal | undefined;
};

/** Which resource a path names; it may be one that is not served. */
export type Target = {
  group: string;
  version: string;
  namespace?: string;
  plural: string;
  name?: string;
  subresource?: string;
  /** What follows `proxy`, with its slash and its escapes as they are. */
  path?: string;
  /** The path asks for a watch, in the old way. */
  watch?: true;
};

/** A request for a resource that is served. */
export type ResourceRequest = RawRequest & {
  verb: Verb;
  target: Target;
  served: ServedResource;
  /** What admission wants to tell the client. */
  warnings: string[];
};

/** Parses a resource path; undefined when it is none (for example `/version`). Throws BadRequest on bad escapes. */
export function parseTarget(path: string): Target | undefined {
  const proxy = path.includes("/proxy") ? parseProxy(path) : undefined;
  if (proxy) return proxy;
  const parts = split(path);
  const [root, ...rest] = parts;
  const [group, version, ...all] = root === "api" ? ["", ...rest] : root === "apis" ? rest : [];
  if (group === undefined || !version || all.length === 0) return undefined;
  const isWatch = all[0] === "watch" && all.length > 1;
  const target = within({ group, version }, isWatch ? all.slice(1) : all);
  return target && isWatch ? { ...target, watch: true } : target;
}

function within({ group, version }: Pick<Target, "group" | "version">, tail: readonly string[]): Target | undefined {
  if (tail[0] !== "namespaces" || tail.length <= 2 || isNamespaceSubresource(group, tail))
    return named({ group, version }, tail);
  const [, namespace = "", ...below] = tail;
  return named({ group, version, namespace }, below);
}

/** `…/NAME/proxy` and everything below it, which is the business of whoever is behind. */
function parseProxy(path: string): Target | undefined {
  const [, own, rest] =
    /^(\/api\/v1\/namespaces\/[^/]+\/(?:pods|services)\/[^/]+)\/proxy((?:\/.*)?)$/s.exec(path) ?? [];
  const target = own === undefined ? undefined : parseTarget(own);
  return target && { ...target, subresource: "proxy", path: rest ?? "" };
}

function isNamespaceSubresource(group: string, tail: readonly string[]): boolean {
  return group === "" && tail.length === 3 && (tail[2] === "status" || tail[2] === "finalize");
}

function named(base: Omit<Target, "plural">, tail: readonly string[]): Target | undefined {
  const [plural, name, ...rest] = tail;
  if (!plural) return undefined;
  const subresource = rest.length > 0 ? rest.join("/") : undefined;
  return { ...base, plural, ...(name !== undefined && { name }), ...(subresource !== undefined && { subresource }) };
}

function split(path: string): string[] {
  const parts = unescapePath(path).split("/").slice(1);
  if (parts.at(-1) === "") parts.pop();
  return parts;
}

function unescapePath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    throw failure("BadRequest", `the path ${path} has a malformed escape`);
  }
}

/** The verb of a method on a target; undefined for methods that no resource has. */
export function verbOf(method: string, target: Target, query: Query): Verb | undefined {
  const one = target.name !== undefined;
  switch (method) {
    case "GET":
      if (target.watch || (!one && isSet(query.watch))) return "watch";
      return one ? "get" : "list";
    case "HEAD":
      return one ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return one ? "delete" : "deletecollection";
    default:
      return undefined;
  }
}

/** A flag of a query: whatever does not say that it is false says that it is true. */
export function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== "0" && text.toLowerCase() !== "false";
}

/** The methods that a URL may be asked with. */
export function methodsOf(url: string): readonly string[] {
  const target = parseTarget(url.split("?", 1)[0] ?? "/");
  if (!target) return ["GET", "HEAD"];
  if (target.name === undefined) return ["DELETE", "GET", "HEAD", "POST"];
  return target.subresource ? ["GET", "HEAD", "PATCH", "POST", "PUT"] : ["DELETE", "GET", "HEAD", "PATCH", "PUT"];
}
