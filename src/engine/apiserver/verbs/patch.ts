/** patch: merge, JSON and strategic merge patches; apply patches go to server-side apply. */
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { JsonPatchError, jsonPatch } from "#kit/patch/json-patch.ts";
import { mergePatch } from "#kit/patch/merge.ts";
import { strategicMergePatch } from "#kit/patch/strategic.ts";
import { failure, notFound, type StatusError } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { apply } from "./apply.ts";
import { decode } from "./decode.ts";
import { managedSchema } from "./managed.ts";
import { change } from "./update.ts";
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
  requireSameIdentity(body, name);
  const { draft, warnings } = decode(served, body, { owned: false, query, repeated: request.repeated });
  const entry = await change(request, core, { draft, current });
  return { kind: "entry", code: 200, served, entry: served.view(entry), warnings };
}

/** `object` with the request's patch applied. Throws UnsupportedMediaType, BadRequest or Invalid. */
export function patched(served: ServedResource, object: unknown, { contentType, body }: ResourceRequest): unknown {
  switch (contentType) {
    case JSON_PATCH:
      return jsonPatched(object, body);
    case MERGE_PATCH:
      return mergePatch(object, requireObject(body));
    case STRATEGIC_PATCH:
      if (!served.facts.builtin) throw unsupported(contentType, [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]);
      return strategicMergePatch(managedSchema(served), object, requireObject(body));
    default:
      throw unsupported(contentType, [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH]);
  }
}

function unsupported(given: string, accepted: readonly string[]): StatusError {
  return failure(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - ${given} - accepted media types include: ${accepted.join(", ")}`,
  );
}

function requireObject(body: unknown): unknown {
  if (!isObject(body)) throw failure("BadRequest", "the patch must be a JSON object");
  return body;
}

function jsonPatched(object: unknown, body: unknown): unknown {
  try {
    return jsonPatch(object, body);
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    throw failure(error.kind === "syntax" ? "BadRequest" : "Invalid", error.message);
  }
}

function requireSameIdentity(body: unknown, name: string): void {
  const metadata = isObject(body) ? (body as Unstructured).metadata : undefined;
  if (metadata?.name !== name)
    throw failure("BadRequest", `metadata.name: a patch may not change the name (${name}) of an object`);
}
