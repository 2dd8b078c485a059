/** From method, path and query to what is asked of which resource. */
import { failure } from "#kit/status.ts";
import type { Registry } from "../resources/registry.ts";
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
  const parts = split(path);
  const [root, ...rest] = parts;
  const [group, version, ...tail] = root === "api" ? ["", ...rest] : root === "apis" ? rest : [];
  if (group === undefined || !version || tail.length === 0) return undefined;
  if (tail[0] !== "namespaces" || tail.length <= 2 || isNamespaceSubresource(group, tail))
    return named({ group, version }, tail);
  const [, namespace = "", ...below] = tail;
  return named({ group, version, namespace }, below);
}

function isNamespaceSubresource(group: string, tail: readonly string[]): boolean {
  return group === "" && tail.length === 3 && (tail[2] === "status" || tail[2] === "finalize");
}

function named(base: Omit<Target, "plural">, tail: readonly string[]): Target | undefined {
  const [plural, name, ...rest] = tail;
  if (!plural || rest.length > 1) return undefined;
  const [subresource] = rest;
  return { ...base, plural, ...(name !== undefined && { name }), ...(subresource !== undefined && { subresource }) };
}

function split(path: string): string[] {
  const parts = path.split("/").slice(1);
  if (parts.at(-1) === "") parts.pop();
  if (!path.includes("%")) return parts;
  try {
    return parts.map(decodeURIComponent);
  } catch {
    throw failure("BadRequest", `the path ${path} has a malformed escape`);
  }
}

/** The verb of a method on a target. Throws MethodNotAllowed. */
export function verbOf(method: string, target: Target, query: Query): Verb {
  const one = target.name !== undefined;
  switch (method) {
    case "GET":
      if (query.watch === "true" || query.watch === "1") return "watch";
      return one ? "get" : "list";
    case "HEAD":
      return one ? "get" : "list";
    case "POST":
      if (!one || target.subresource) return "create";
      break;
    case "PUT":
      if (one) return "update";
      break;
    case "PATCH":
      if (one) return "patch";
      break;
    case "DELETE":
      return one ? "delete" : "deletecollection";
  }
  throw failure("MethodNotAllowed", "the server does not allow this method on the requested resource");
}

/** The methods that a URL may be asked with. */
export function methodsOf(url: string): readonly string[] {
  const target = parseTarget(url.split("?", 1)[0] ?? "/");
  if (!target) return ["GET", "HEAD"];
  if (target.name === undefined) return ["DELETE", "GET", "HEAD", "POST"];
  return target.subresource ? ["GET", "HEAD", "PATCH", "POST", "PUT"] : ["DELETE", "GET", "HEAD", "PATCH", "PUT"];
}

/** Looks the resource up. Throws NotFound for one that is not served, with the words of a real server. */
export function resolve(raw: RawRequest, target: Target, registry: Registry): ResourceRequest {
  const served = registry.find(target.group, target.version, target.plural);
  if (!served) throw failure("NotFound", "the server could not find the requested resource");
  if (target.namespace !== undefined && !served.namespaced)
    throw failure("NotFound", "the server could not find the requested resource");
  if (target.name !== undefined && served.namespaced && target.namespace === undefined)
    throw failure("NotFound", "the server could not find the requested resource");
  return { ...raw, served, target, verb: verbOf(raw.method, target, raw.query), warnings: [] };
}
