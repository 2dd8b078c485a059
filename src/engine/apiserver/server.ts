/** The API without any wire: who asks what, is it allowed, and what is the answer. */
import { BUILTIN_KINDS } from "#api/builtin/index.ts";
import type { Store } from "#ports/store/store.ts";
import { describeServer } from "./discovery/index.ts";
import { servedBy } from "./resources/definition.ts";
import { Registry, serveBuiltin } from "./resources/registry.ts";
import { ObjectStore } from "./storage/objects.ts";
import { run } from "./verbs/index.ts";
import type { PodStreams } from "./verbs/logs.ts";
import type { Core } from "./verbs/write.ts";
import type { Answer } from "./wire/answer.ts";
import { parseTarget, type RawRequest, resolve } from "./wire/request.ts";

export type Server = Core & {
  readonly registry: Registry;
  podStreams: PodStreams | undefined;
  handle(request: RawRequest): Promise<Answer>;
};

export type ServerOptions = { store: Store } & Pick<Core, "clock" | "randomBytes" | "issueToken">;

/** Loads the store and serves what is in it. */
export function createServer({ store, clock, randomBytes, issueToken }: ServerOptions): Server {
  const objects = new ObjectStore(store);
  const registry = new Registry();
  for (const kind of BUILTIN_KINDS) registry.add(serveBuiltin(kind, objects));
  serveDefinitions(objects, registry);
  const server: Server = {
    objects,
    clock,
    randomBytes,
    issueToken,
    registry,
    podStreams: undefined,
    handle: async (raw) => {
      const target = parseTarget(raw.path);
      if (!target) return describeServer(raw, registry);
      return run(resolve(raw, target, registry), server, server.podStreams);
    },
  };
  return server;
}

/** Keeps the registry in step with the CustomResourceDefinitions. */
function serveDefinitions(objects: ObjectStore, registry: Registry): void {
  const definitions = objects.collection("apiextensions.k8s.io", "customresourcedefinitions");
  for (const entry of definitions.range()) registry.replaceCustom(entry.name, servedBy(entry, objects));
  definitions.listen(({ type, entry }) => {
    registry.replaceCustom(entry.name, type === "DELETED" ? [] : servedBy(entry, objects));
  });
}
