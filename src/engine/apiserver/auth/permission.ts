/** The check of every request that comes over the wire: may this user do it? */
import { failure, forbidden, type StatusError } from "#kit/status.ts";
import { parseTarget, type RawRequest, type User, verbOf } from "../wire/request.ts";
import type { Authorizer } from "./authorizer.ts";
import type { Attributes } from "./rules.ts";

const WITH_FIELD_SELECTOR = ["list", "watch", "deletecollection"];

/** Throws Forbidden unless the user may do what the request asks. */
export function requirePermission(request: RawRequest, authorizer: Authorizer): void {
  const { method, path, query, user } = request;
  const target = parseTarget(path);
  if (!target) {
    const verb = method.toLowerCase();
    if (authorizer.allows(user, { verb, path })) return;
    throw failure("Forbidden", `forbidden: User "${user.username}" cannot ${verb} path "${path}"`, {});
  }
  const verb = verbOf(method, target, query) ?? "";
  const { group, plural, subresource, namespace } = target;
  const resource = subresource ? `${plural}/${subresource}` : plural;
  const name = target.name ?? (WITH_FIELD_SELECTOR.includes(verb) ? selectedName(query.fieldSelector) : undefined);
  const scope = namespace ?? (group === "" && plural === "namespaces" ? target.name : undefined);
  const wanted = { verb, group, resource, namespace: scope, name };
  if (!authorizer.allows(user, wanted)) throw denied(user, wanted, authorizer);
}

/** The name that a field selector restricts a list to. */
function selectedName(selector: string | undefined): string | undefined {
  if (!selector?.includes("metadata.name=")) return undefined;
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(selector)?.[1];
}

/** Forbidden, in the words of a real server. */
function denied(user: User, wanted: Attributes, authorizer: Authorizer): StatusError {
  const { verb, group = "", resource = "", namespace, name } = wanted;
  const where = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  const why = `User "${user.username}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  const missing = authorizer.missingRoles(user, namespace);
  const [plural = ""] = resource.split("/");
  return forbidden({ group, resource: plural }, name ?? "", missing ? `${why}: ${missing}` : why);
}
