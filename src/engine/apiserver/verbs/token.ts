/** The token subresource of service accounts: TokenRequest (authentication.k8s.io/v1). */
import { findFirst } from "#kit/jsonpath.ts";
import { failure, notFound } from "#kit/status.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import type { Core } from "./write.ts";

const DEFAULT_SECONDS = 3600;
const SHORTEST_SECONDS = 600;

/** A bearer token of the service account. Throws NotFound, or Invalid for a life of less than ten minutes. */
export async function createToken(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target } = request;
  const { name = "", namespace = "" } = target;
  if (!core.objects.latest(served.collection, served.key(namespace, name))) throw notFound(served.id, name);
  const seconds = findFirst(request.body, ".spec.expirationSeconds") ?? DEFAULT_SECONDS;
  if (!Number.isInteger(seconds) || Number(seconds) < SHORTEST_SECONDS)
    throw failure(
      "Invalid",
      `spec.expirationSeconds: Invalid value: ${String(seconds)}: may not specify a duration less than 10 minutes`,
    );
  const user = {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
  };
  const token = await core.issueToken(user, Number(seconds));
  const expirationTimestamp = new Date(core.clock().getTime() + Number(seconds) * 1000);
  return {
    kind: "object",
    code: 201,
    object: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: { name, namespace },
      spec: { expirationSeconds: seconds },
      status: { token, expirationTimestamp: expirationTimestamp.toISOString().replace(/\.\d+Z$/, "Z") },
    },
  };
}
