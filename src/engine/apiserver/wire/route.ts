/** Whether what is asked can be asked at all: which paths and methods there are. */
import { failure, notFound, StatusError } from "#kit/status.ts";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource, Verb } from "../resources/served.ts";
import { type RawRequest, type ResourceRequest, type Target, verbOf } from "./request.ts";

/** Looks the resource up. Throws NotFound or MethodNotAllowed for what is not served, in the way of a real server. */
export function resolve(raw: RawRequest, target: Target, registry: Registry): ResourceRequest {
  const { group, version, plural } = target;
  const served = registry.find(group, version, plural);
  const verb = verbOf(raw.method, target, raw.query);
  if (!served || served.facts.builtin) requireRoute({ served, verb, target, isOwn: registry.isOwn(group) });
  else requireCustom(served, verb, target);
  return { ...raw, served: served as ServedResource, target, verb: verb as Verb, warnings: raw.warnings ?? [] };
}

type Wanted = { served: ServedResource | undefined; verb: Verb | undefined; target: Target; isOwn: boolean };

/** Built-in resources have a route for each thing that can be done with them. */
function requireRoute({ served, verb, target, isOwn }: Wanted): void {
  if (!isOwn) throw new UnknownPathError();
  const { namespace, name, subresource } = target;
  if (!served || (namespace !== undefined && !served.namespaced)) throw noRoute();
  const isEverywhere = served.namespaced && namespace === undefined;
  if (isEverywhere && name !== undefined) throw noRoute();
  if (subresource !== undefined) {
    if (verb === undefined) throw noMethod();
    return;
  }
  const needsName = verb === "update" || verb === "patch";
  const isOdd = needsName ? name === undefined : verb === "create" && name !== undefined;
  const isRead = verb === "list" || verb === "watch";
  if (!verb || isOdd || !served.facts.verbs.includes(verb) || (isEverywhere && !isRead)) throw noMethod();
}

/** Custom resources share one handler, which looks at the pieces of the path one by one. */
function requireCustom(served: ServedResource, verb: Verb | undefined, target: Target): void {
  const { namespace, name = "", subresource } = target;
  if (served.namespaced ? namespace === undefined && verb !== "list" && verb !== "watch" : namespace !== undefined)
    throw new UnknownPathError();
  if (subresource === undefined) {
    if (!verb) throw unsupported(served, "");
    if ((verb === "update" || verb === "patch") && !name) throw failure("BadRequest", "name must be provided");
    if (verb === "create") delete target.name;
    return;
  }
  const { statusSubresource, scale } = served.facts;
  if (!(subresource === "status" && statusSubresource) && !(subresource === "scale" && scale))
    throw notFound(served.id, name);
  if (verb !== "get" && verb !== "update" && verb !== "patch") throw unsupported(served, verb ?? "");
}

function unsupported({ id }: ServedResource, verb: string): StatusError {
  return failure("MethodNotAllowed", `${verb} is not supported on resources of kind "${id.resource}.${id.group}"`, {
    group: id.group,
    kind: id.resource,
  });
}

/** MethodNotAllowed for something that cannot be done with a resource. */
export function noMethod(): StatusError {
  return failure("MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

/** NotFound for a path that is no resource of a group that is served. */
export function noRoute(): StatusError {
  return failure("NotFound", "the server could not find the requested resource", {});
}

/** A path below which nothing at all is served: over the wire the answer is a page, as for a path of any web server. */
export class UnknownPathError extends StatusError {
  static readonly page = "404 page not found\n";

  constructor() {
    super(noRoute().status);
  }
}
