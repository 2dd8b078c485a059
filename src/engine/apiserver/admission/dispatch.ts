/** Runs the webhooks that a write concerns: the mutating ones one after the other, the validating ones at the same time. */
import type { Unstructured } from "#api/meta.ts";
import { deepEqual } from "#kit/json.ts";
import { jsonPatch } from "#kit/patch/json-patch.ts";
import { failure, forbidden, type StatusError, type StatusReason } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { ObjectStore } from "../storage/objects.ts";
import { uuid } from "../verbs/create.ts";
import { decode } from "../verbs/decode.ts";
import type { ResourceRequest } from "../wire/request.ts";
import type { WebhookClient } from "./client.ts";
import type { Gate, Operation } from "./gate.ts";
import type { Hook, Match, Matches } from "./hooks.ts";
import { type Question, readVerdict, renderReview, type Verdict } from "./review.ts";

const DEFAULT_TIMEOUT_SECONDS = 10;

export type Dispatch = {
  client: WebhookClient;
  objects: ObjectStore;
  randomBytes: (length: number) => Uint8Array;
};

type Objects = { object: Unstructured | undefined; oldObject: Unstructured | undefined };

/** The gate that the webhooks make up. Their warnings are added to `request.warnings`. */
export function webhookGate(
  matches: Matches,
  { request, operation }: { request: ResourceRequest; operation: Operation },
  dispatch: Dispatch,
): Gate {
  const ask = async (match: Match, objects: Objects, mutating: boolean): Promise<Verdict | undefined> => {
    const { hook, as } = match;
    if (!selects(hook, request, objects, dispatch.objects)) return undefined;
    const uid = uuid(dispatch.randomBytes(16));
    const question = { uid, request, operation, as, ...shownAs(as, objects) };
    if (!meetsConditions(hook, question)) return undefined;
    const verdict = await callHook(hook, question, { mutating, client: dispatch.client });
    request.warnings?.push(...(verdict?.warnings ?? []));
    if (verdict && !verdict.allowed) throw denial(hook.webhook.name, verdict);
    return verdict;
  };
  return {
    mutate: async (draft, current) => {
      let object = draft;
      await inTurn(matches.mutating, async (match) => {
        const verdict = await ask(match, { object, oldObject: current }, true);
        if (verdict?.patch === undefined) return false;
        const next = patched(match, object, verdict.patch);
        const changed = !deepEqual(next, object);
        object = next;
        return changed;
      });
      return object === draft ? draft : readBack(request.served, object, draft);
    },
    validate: async (draft, current) => {
      const objects = { object: draft, oldObject: current };
      const results = await Promise.allSettled(matches.validating.map((match) => ask(match, objects, false)));
      for (const result of results) if (result.status === "rejected") throw result.reason;
    },
  };
}

/** Calls all in order; those that want it once more when a later one has changed the object. */
async function inTurn(matches: readonly Match[], invoke: (match: Match) => Promise<boolean>): Promise<void> {
  const reinvocable = new Set<Match>();
  const due = new Set<Match>();
  for (const match of matches) {
    if (await invoke(match)) {
      for (const earlier of reinvocable) due.add(earlier);
      reinvocable.clear();
    }
    if (match.hook.webhook.reinvocationPolicy === "IfNeeded") reinvocable.add(match);
  }
  for (const match of matches) if (due.has(match)) await invoke(match);
}

function selects(hook: Hook, request: ResourceRequest, { object, oldObject }: Objects, objects: ObjectStore): boolean {
  const { selectsObject, selectsNamespace } = hook;
  if (selectsObject && ![object, oldObject].some((one) => one && selectsObject(one.metadata?.labels))) return false;
  if (!selectsNamespace) return true;
  const { served, target } = request;
  if (served.facts.group === "" && served.facts.plural === "namespaces")
    return selectsNamespace((object ?? oldObject)?.metadata.labels);
  if (!served.namespaced) return true;
  const namespace = objects.latest(objects.collection("", "namespaces"), target.namespace ?? "");
  return selectsNamespace(namespace?.labels);
}

/** Throws Forbidden when that cannot be said, and the webhook must not be left out. */
function meetsConditions({ conditions, webhook }: Hook, question: Question): boolean {
  if (!conditions) return true;
  const { object, oldObject, ...request } = renderReview(question).request;
  const result = conditions({ object, oldObject, request });
  if ("met" in result) return result.met;
  if (webhook.failurePolicy === "Ignore") return false;
  const { served, target } = question.request;
  throw forbidden(served.id, question.object?.metadata?.name ?? target.name ?? "", result.error);
}

function shownAs({ apiVersion, facts }: ServedResource, { object, oldObject }: Objects): Objects {
  const show = (one: Unstructured | undefined): Unstructured | undefined =>
    one && one.kind === facts.kind && one.apiVersion !== apiVersion ? { ...one, apiVersion } : one;
  return { object: show(object), oldObject: show(oldObject) };
}

/** Asks one webhook; undefined when it fails and may. Throws InternalError when it fails and may not. */
async function callHook(
  { webhook }: Hook,
  question: Question,
  { mutating, client }: { mutating: boolean; client: WebhookClient },
): Promise<Verdict | undefined> {
  const { name, clientConfig, failurePolicy, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = webhook;
  try {
    const options = { timeoutSeconds, signal: question.request.signal };
    const answer = await client.call(clientConfig, renderReview(question), options);
    try {
      return readVerdict(answer, { uid: question.uid, mutating });
    } catch (error) {
      throw new Error(`received invalid webhook response: ${(error as Error).message}`, { cause: error });
    }
  } catch (error) {
    if (failurePolicy === "Ignore") return undefined;
    const message = `failed calling webhook ${JSON.stringify(name)}: ${(error as Error).message}`;
    throw failure("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
  }
}

function denial(webhook: string, { status }: Verdict): StatusError {
  const by = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const why = status.message || status.reason;
  const code = status.code !== undefined && status.code >= 400 ? status.code : 400;
  const error = failure("BadRequest", why ? `${by}: ${why}` : `${by} without explanation`, status.details, code);
  delete error.status.reason;
  if (status.reason) error.status.reason = status.reason as StatusReason;
  return error;
}

function patched({ as }: Match, object: Unstructured, patch: unknown): Unstructured {
  try {
    const shown = shownAs(as, { object, oldObject: undefined }).object;
    return { ...(jsonPatch(shown, patch) as Unstructured), apiVersion: object.apiVersion };
  } catch (error) {
    throw failure("InternalError", `Internal error occurred: ${(error as Error).message}`);
  }
}

/** What webhooks made of a draft, as a draft: with the kind's fields only, defaults filled in, its identity kept. */
function readBack(served: ServedResource, object: Unstructured, draft: Unstructured): Unstructured {
  if (object.kind !== served.facts.kind) return object;
  const { draft: next } = decode(served, object, { owned: false, query: { fieldValidation: "Ignore" } });
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = draft.metadata;
  Object.assign(next.metadata, { name, uid, resourceVersion });
  if (namespace !== undefined) next.metadata.namespace = namespace;
  if (generation !== undefined) next.metadata.generation = generation;
  if (creationTimestamp !== undefined) next.metadata.creationTimestamp = creationTimestamp;
  return next;
}
