/** Every verb on every resource: from a resolved request to its answer. */
import type { Namespace } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone } from "#kit/json.ts";
import { failure, notFound } from "#kit/status.ts";
import { OvertakenError } from "../admission/gate.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { create } from "./create.ts";
import { decode } from "./decode.ts";
import { remove, removeCollection } from "./delete.ts";
import { get, list } from "./list.ts";
import { logs, type PodStreams } from "./logs.ts";
import { checkWriteOptions } from "./options.ts";
import { patch } from "./patch.ts";
import { isReview, review } from "./review.ts";
import { scale } from "./scale.ts";
import { createToken } from "./token.ts";
import { update } from "./update.ts";
import { watch } from "./watch.ts";
import { type Core, replace } from "./write.ts";

/** Objects that change while webhooks look at a write of them make it start again, so many times. */
const ATTEMPTS = 8;

/** Runs a verb on a resource or on one of its subresources. Throws StatusError. */
export async function run(request: ResourceRequest, core: Core, streams: PodStreams | undefined): Promise<Answer> {
  if (request.body !== undefined && core.admission.concerns(request)) request.ownsBody = false;
  for (let attempt = 1; ; attempt++)
    try {
      const answer = await runOnce(request, core, streams);
      const { deprecation } = request.served.facts;
      const said = [...(deprecation ? [deprecation] : []), ...request.warnings];
      if (said.length === 0) return answer;
      return { ...answer, warnings: [...(answer.warnings ?? []), ...said] };
    } catch (error) {
      if (!(error instanceof OvertakenError) || attempt === ATTEMPTS) throw error;
      request.warnings = [];
    }
}

async function runOnce(request: ResourceRequest, core: Core, streams: PodStreams | undefined): Promise<Answer> {
  const { served, target, verb } = request;
  checkWriteOptions(request);
  if (isReview(served)) return review(request, core);
  switch (target.subresource) {
    case undefined:
      return runMain(request, core);
    case "status":
      if (served.facts.statusSubresource && (verb === "get" || verb === "update" || verb === "patch"))
        return runMain(request, core);
      break;
    case "scale":
      if (served.facts.scale) return scale(request, core);
      break;
    case "log":
      if (isCore(request, "pods") && verb === "get") return logs(request, streams);
      break;
    case "token":
      if (isCore(request, "serviceaccounts") && verb === "create") return createToken(request, core);
      break;
    case "finalize":
      if (isCore(request, "namespaces") && verb === "update") return finalize(request, core);
      break;
  }
  throw failure("NotFound", "the server could not find the requested resource");
}

function isCore({ served }: ResourceRequest, plural: string): boolean {
  return served.facts.group === "" && served.facts.plural === plural;
}

async function runMain(request: ResourceRequest, core: Core): Promise<Answer> {
  switch (request.verb) {
    case "get":
      return get(request, core.objects);
    case "list":
      return list(request, core.objects);
    case "watch":
      return watch(request, core.objects);
    case "create":
      return create(request, core);
    case "update":
      return update(request, core);
    case "patch":
      return patch(request, core);
    case "delete":
      return remove(request, core);
    case "deletecollection":
      return removeCollection(request, core);
  }
}

/** Sets the finalizers in a namespace's spec; a deleted namespace without any goes. */
async function finalize(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target, query } = request;
  const current = core.objects.latest(served.collection, target.name ?? "");
  if (!current) throw notFound(served.id, target.name ?? "");
  const { draft: given } = decode(served, request.body, { owned: request.ownsBody, query, repeated: request.repeated });
  const draft = clone(current.object) as Unstructured;
  const finalizers = (given as unknown as Namespace).spec?.finalizers ?? [];
  draft.spec = finalizers.length > 0 ? { finalizers } : {};
  const entry = await replace(request, core, { draft, current });
  return { kind: "entry", code: 200, served, entry };
}
