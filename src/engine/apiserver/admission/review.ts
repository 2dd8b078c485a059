/** AdmissionReview: what a webhook is asked, and the reading of what it answers. */
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import type { ServedResource } from "../resources/served.ts";
import { isDryRun } from "../verbs/write.ts";
import type { ResourceRequest, User } from "../wire/request.ts";
import type { Operation } from "./gate.ts";

const API_VERSION = "admission.k8s.io/v1";

/** A write as a webhook sees it. */
export type Question = {
  uid: string;
  request: ResourceRequest;
  operation: Operation;
  /** The version that the webhook's rules name. */
  as: ServedResource;
  object: Unstructured | undefined;
  oldObject: Unstructured | undefined;
};

export type Review = {
  kind: string;
  apiVersion: string;
  request: { object: unknown; oldObject: unknown; [field: string]: unknown };
};

/** The AdmissionReview that asks. */
export function renderReview({ uid, request, operation, as, object, oldObject }: Question): Review {
  const { served, target, user } = request;
  const { subresource } = target;
  const name = object?.metadata?.name ?? oldObject?.metadata.name ?? target.name;
  return {
    kind: "AdmissionReview",
    apiVersion: API_VERSION,
    request: {
      uid,
      kind: kindOf(as, subresource, object),
      resource: resourceOf(as),
      ...(subresource && { subResource: subresource }),
      requestKind: kindOf(served, subresource, object),
      requestResource: resourceOf(served),
      ...(subresource && { requestSubResource: subresource }),
      ...(name && { name }),
      ...(target.namespace && { namespace: target.namespace }),
      operation,
      userInfo: userInfo(user),
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun: isDryRun(request.query),
      options: optionsOf(request, operation),
    },
  };
}

function kindOf({ facts }: ServedResource, subresource: string | undefined, object: Unstructured | undefined): object {
  if (object?.apiVersion === "v1" && object.kind.endsWith("Options"))
    return { group: "", version: "v1", kind: object.kind };
  if (subresource === "scale") return { group: "autoscaling", version: "v1", kind: "Scale" };
  return { group: facts.group, version: facts.version, kind: facts.kind };
}

function resourceOf({ facts }: ServedResource): object {
  return { group: facts.group, version: facts.version, resource: facts.plural };
}

/** A user as authentication.k8s.io/v1 UserInfo. */
export function userInfo({ username, uid, groups, extra }: User): object {
  return {
    username,
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra && { extra }),
  };
}

function optionsOf({ verb, query, body }: ResourceRequest, operation: Operation): object | null {
  const apiVersion = "meta.k8s.io/v1";
  if (operation === "DELETE") return { ...(isObject(body) && body), kind: "DeleteOptions", apiVersion };
  if (operation === "CONNECT") return null;
  const kind = verb === "patch" ? "PatchOptions" : operation === "CREATE" ? "CreateOptions" : "UpdateOptions";
  const { dryRun, fieldManager, fieldValidation, force } = query;
  return {
    kind,
    apiVersion,
    ...(dryRun && { dryRun: [dryRun] }),
    ...(fieldManager && { fieldManager }),
    ...(fieldValidation && { fieldValidation }),
    ...(kind === "PatchOptions" && force && { force: force === "true" }),
  };
}

/** A webhook's answer. */
export type Verdict = {
  allowed: boolean;
  /** A JSON patch; undefined when nothing is to be changed. */
  patch: unknown;
  warnings: readonly string[];
  status: { code?: number; reason?: string; message?: string; details?: object };
};

/** Reads an answer. Throws an Error that says what is wrong with it. */
export function readVerdict(answer: unknown, { uid, mutating }: { uid: string; mutating: boolean }): Verdict {
  const { apiVersion, kind, response } = isObject(answer) ? answer : {};
  if (!isObject(response)) throw new Error("webhook response was absent");
  if (response.uid !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? "")}`);
  if (apiVersion !== API_VERSION || kind !== "AdmissionReview")
    throw new Error(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${String(apiVersion ?? "")}, Kind=${String(kind ?? "")}`,
    );
  const { allowed, warnings, status } = response;
  return {
    allowed: allowed === true,
    patch: readPatch(response, mutating),
    warnings: Array.isArray(warnings) ? warnings.filter((warning) => typeof warning === "string") : [],
    status: isObject(status) ? status : {},
  };
}

function readPatch({ patch, patchType }: Record<string, unknown>, mutating: boolean): unknown {
  const given = typeof patch === "string" && patch !== "";
  if (!mutating && given) throw new Error("validating webhook may not return response.patch");
  if (!mutating && patchType !== undefined) throw new Error("validating webhook may not return response.patchType");
  if (given && typeof patchType !== "string")
    throw new Error("webhook returned response.patch but not response.patchType");
  if (!given && patchType !== undefined && patchType !== null)
    throw new Error("webhook returned response.patchType but not response.patch");
  if (!given) return undefined;
  if (patchType !== "JSONPatch")
    throw new Error(`webhook returned invalid response.patchType of ${JSON.stringify(patchType)}`);
  try {
    return JSON.parse(Buffer.from(patch, "base64").toString());
  } catch (error) {
    throw new Error(`response.patch is not a JSON patch in base64: ${(error as Error).message}`);
  }
}
