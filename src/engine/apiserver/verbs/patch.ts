/** patch: merge, JSON and strategic merge patches; apply patches go to server-side apply. */
import { isObject } from "#kit/json.ts";
import { goPrint } from "#kit/patch/go-print.ts";
import { JsonPatchError, jsonPatch } from "#kit/patch/json-patch.ts";
import { mergePatch } from "#kit/patch/merge.ts";
import { StrategicPatchError, strategicMergePatch } from "#kit/patch/strategic.ts";
import { invalidValue } from "#kit/schema/field-errors.ts";
import { failure, invalid, notFound, type StatusError, unclassified } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import { UnfitError } from "../strategies/form.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { apply } from "./apply.ts";
import { decode } from "./decode.ts";
import { jsonType } from "./go-types.ts";
import { managedSchema } from "./managed.ts";
import { change, requireIdentity, requireVersion } from "./update.ts";
import type { Core } from "./write.ts";

const APPLY_PATCH = "application/apply-patch+yaml";
const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";

/** Patches an object or its status. */
export async function patch(request: ResourceRequest, core: Core): Promise<Answer> {
  if (request.contentType === APPLY_PATCH) return apply(request, core);
  const { served, target, query } = request;
  const name = target.name ?? "";
  const current = core.objects.latest(served.collection, served.key(target.namespace, name));
  if (!current) throw notFound(served.id, name);
  const body = patched(served, served.view(current).object, request);
  const refuse = (why: string): StatusError => invalid("", "", "", [invalidValue("patch", JSON.stringify(body), why)]);
  const { draft, warnings } = decode(served, body, { owned: false, query, repeated: request.repeated, refuse });
  request.warnings.push(...warnings);
  requireIdentity(request, draft);
  requireVersion(served, draft);
  try {
    const entry = await change(request, core, { draft, current });
    return { kind: "entry", code: 200, served, entry: served.view(entry) };
  } catch (error) {
    throw error instanceof UnfitError ? refuse(error.why) : error;
  }
}

/** `object` with the request's patch applied. Throws UnsupportedMediaType, BadRequest or Invalid. */
export function patched(served: ServedResource, object: unknown, request: ResourceRequest): unknown {
  const { contentType, body } = request;
  if (request.malformed !== undefined && PATCHES.includes(contentType))
    throw failure("BadRequest", `error decoding patch: ${request.malformed}`);
  switch (contentType) {
    case JSON_PATCH:
      return jsonPatched(object, body);
    case MERGE_PATCH:
      return mergePatch(object, requireObject(body));
    case STRATEGIC_PATCH:
      if (!served.facts.builtin) throw unsupported(served);
      return strategicallyPatched(served, object, requireObject(body));
    default:
      throw unsupported(served);
  }
}

const PATCHES = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH];

function unsupported({ facts }: ServedResource): StatusError {
  if (facts.builtin) return failure("UnsupportedMediaType", "415: Unsupported Media Type", {});
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(facts.builtin ? [STRATEGIC_PATCH] : []), APPLY_PATCH].join(", ");
  return failure(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

function requireObject(body: unknown): unknown {
  if (isObject(body)) return body;
  throw undecodable(body, "map[string]interface {}");
}

function undecodable(body: unknown, type: string): StatusError {
  return failure(
    "BadRequest",
    `error decoding patch: json: cannot unmarshal ${jsonType(body)} into Go value of type ${type}`,
  );
}

function strategicallyPatched(served: ServedResource, object: unknown, body: unknown): unknown {
  try {
    const merged = strategicMergePatch(managedSchema(served), object, body);
    if (!isObject(merged) || !isObject(object)) return merged;
    return { ...merged, apiVersion: object.apiVersion, kind: object.kind };
  } catch (error) {
    if (!(error instanceof StrategicPatchError)) throw error;
    if (error.kind === "format") throw failure("BadRequest", error.message);
    if (error.kind === "sense") throw unclassified(error.message);
    throw invalid("", "", "", [invalidValue("patch", goPrint(body), error.message)]);
  }
}

function jsonPatched(object: unknown, body: unknown): unknown {
  if (!Array.isArray(body)) throw undecodable(body, "[]handlers.jsonPatchOp");
  try {
    return jsonPatch(object, body);
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    throw failure("Invalid", "the server rejected our request due to an error in our request", {});
  }
}
