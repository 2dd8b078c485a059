import { failure } from "#kit/status.ts";
import { OvertakenError } from "../admission/gate.ts";
import type { Verb } from "../resources/served.ts";
import type { PodStreams } from "../streams/pod-streams.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { noMethod, noRoute } from "../wire/route.ts";
import { create } from "./create.ts";
import { remove, removeCollection } from "./delete.ts";
import { get, list } from "./list.ts";
import { logs } from "./logs.ts";
import { checkWriteOptions } from "./options.ts";
import { patch } from "./patch.ts";
import { bind } from "./pods/binding.ts";
import { evict } from "./pods/eviction.ts";
import { isReview, review } from "./review.ts";
import { scale } from "./scale.ts";
import { createToken } from "./token.ts";
import { update } from "./update.ts";
import { watch } from "./watch.ts";
import type { Core } from "./write.ts";

/** Objects that change while webhooks look at a write of them make it start again, so many times. */
const ATTEMPTS = 8;

/** Runs a verb on a resource or on one of its subresources. Throws StatusError. */
export async function run(request: ResourceRequest, core: Core, streams: PodStreams | undefined): Promise<Answer> {
  if (request.body !== undefined && core.admission.concerns(request)) request.ownsBody = false;
  const { deprecation } = request.served.facts;
  for (let attempt = 1; ; attempt++) {
    if (deprecation) request.warnings.push(deprecation);
    try {
      const answer = await runOnce(request, core, streams);
      if (request.warnings.length === 0) return answer;
      return { ...answer, warnings: [...(answer.warnings ?? []), ...request.warnings] };
    } catch (error) {
      if (!(error instanceof OvertakenError) || attempt === ATTEMPTS) throw error;
      request.warnings.length = 0;
    }
  }
}

async function runOnce(request: ResourceRequest, core: Core, streams: PodStreams | undefined): Promise<Answer> {
  const { served, target, verb } = request;
  checkWriteOptions(request);
  if (isReview(served)) return review(request, core);
  if (isCore(request, "bindings")) return bindNamed(request, core);
  const { subresource } = target;
  if (subresource === undefined) return runMain(request, core);
  if (subresource === "log" && isCore(request, "pods") && verb === "get") return logs(request, streams);
  const own = Object.hasOwn(SUBRESOURCES, subresource) ? SUBRESOURCES[subresource] : undefined;
  if (own?.exists(request)) {
    if (!own.verbs.has(verb)) throw noMethod();
    return own.run(request, core);
  }
  if (!Object.hasOwn(served.strategy.parts ?? {}, subresource)) throw noRoute();
  if (!READ_OR_CHANGE.has(verb)) throw noMethod();
  return runMain(request, core);
}

type Subresource = {
  exists(request: ResourceRequest): boolean;
  verbs: ReadonlySet<Verb>;
  run(request: ResourceRequest, core: Core): Promise<Answer>;
};

const READ_OR_CHANGE: ReadonlySet<Verb> = new Set(["get", "update", "patch"]);
const CREATE: ReadonlySet<Verb> = new Set(["create"]);

const of =
  (plural: string) =>
  (request: ResourceRequest): boolean =>
    isCore(request, plural);

/** Streams begin with an upgrade, which goes another way. */
const STREAM: Subresource = {
  exists: of("pods"),
  verbs: new Set(["get", "create"]),
  run: async () => {
    throw failure("BadRequest", "Upgrade request required");
  },
};

const SUBRESOURCES: { readonly [name: string]: Subresource } = {
  status: { exists: ({ served }) => served.facts.statusSubresource, verbs: READ_OR_CHANGE, run: runMain },
  scale: {
    exists: ({ served }) => served.facts.scale !== undefined,
    verbs: READ_OR_CHANGE,
    run: async (...given) => scale(...given),
  },
  exec: STREAM,
  attach: STREAM,
  portforward: STREAM,
  token: { exists: of("serviceaccounts"), verbs: CREATE, run: createToken },
  binding: { exists: of("pods"), verbs: CREATE, run: bind },
  eviction: { exists: of("pods"), verbs: CREATE, run: evict },
  finalize: { exists: of("namespaces"), verbs: new Set(["update"]), run: runMain },
};

/** A binding that names its pod itself. */
function bindNamed(request: ResourceRequest, core: Core): Promise<Answer> {
  if (request.verb !== "create" || request.target.name !== undefined) throw noRoute();
  return bind(request, core);
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
