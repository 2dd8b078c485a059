/** The API without any wire: who asks what, is it allowed, and what is the answer. */
import { BUILTIN_KINDS, REVIEW_KINDS } from "#api/builtin/index.ts";
import type { Store } from "#ports/store/store.ts";
import type { ResolveService } from "./admission/client.ts";
import { createAdmission } from "./admission/index.ts";
import { Authorizer } from "./auth/authorizer.ts";
import { createIdentity } from "./auth/identity.ts";
import { discoveryDocument, ISSUER, type Tokens } from "./auth/tokens.ts";
import type { Backups } from "./backup.ts";
import { describeServer } from "./discovery/index.ts";
import { Quotas } from "./quota/quotas.ts";
import { servedBy } from "./resources/definition.ts";
import { Registry, serveBuiltin } from "./resources/registry.ts";
import { ObjectStore } from "./storage/objects.ts";
import { ServiceAddresses } from "./strategies/addresses.ts";
import type { PodStreams } from "./streams/pod-streams.ts";
import { run } from "./verbs/index.ts";
import type { Core } from "./verbs/write.ts";
import type { Answer } from "./wire/answer.ts";
import { parseTarget, type RawRequest } from "./wire/request.ts";
import { resolve } from "./wire/route.ts";

export type Server = Core & {
  podStreams: PodStreams | undefined;
  /** Where clients find the server. */
  url: string;
  handle(request: RawRequest): Promise<Answer>;
};

export type ServerOptions = {
  store: Store;
  tokens: Tokens;
  /** Absent: no backups can be taken through the API. */
  backups?: Backups | undefined;
  /** How admission webhooks behind a service are reached. Default: through the endpoints of its object. */
  resolveService?: ResolveService | undefined;
  /** Whether namespaces have service accounts, which pods then need. */
  controllers: boolean;
} & Pick<Core, "clock" | "randomBytes">;

const BACKUP_PATH = "/backup";

/** Loads the store and serves what is in it. */
export function createServer(options: ServerOptions): Server {
  const { store, clock, randomBytes, tokens, backups, resolveService, controllers } = options;
  const objects = new ObjectStore(store, () => clock().getTime());
  const registry = new Registry();
  for (const kind of BUILTIN_KINDS) registry.add(serveBuiltin(kind, objects));
  for (const kind of REVIEW_KINDS) registry.add(serveBuiltin(kind, objects, ["create"]));
  serveDefinitions(objects, registry);
  const access = new Authorizer(objects);
  const server: Server = {
    objects,
    quotas: new Quotas(objects, registry, clock),
    addresses: new ServiceAddresses(objects.collection("", "services")),
    clock,
    randomBytes,
    identity: createIdentity(tokens, objects, clock),
    access,
    admission: createAdmission({
      ...{ objects, registry, access, randomBytes, resolveService, controllers },
      dial: () => server.podStreams?.dial,
    }),
    registry,
    url: ISSUER,
    podStreams: undefined,
    handle: async (raw) => {
      const target = parseTarget(raw.path);
      if (backups && raw.path === BACKUP_PATH && raw.method === "GET") return backups.open();
      if (!target) return (await describeIssuer(raw, server)) ?? describeServer(raw, registry);
      return run(resolve(raw, target, registry), server, server.podStreams);
    },
  };
  return server;
}

/** The documents by which others check the server's tokens; undefined for other paths. */
async function describeIssuer({ path }: RawRequest, { url, identity }: Server): Promise<Answer | undefined> {
  switch (path) {
    case "/.well-known/openid-configuration":
      return { kind: "object", code: 200, object: discoveryDocument(url) };
    case "/openid/v1/jwks":
      return {
        kind: "object",
        code: 200,
        object: await identity.tokens.keySet(),
        contentType: "application/jwk-set+json",
      };
  }
  return undefined;
}

/** Keeps the registry in step with the CustomResourceDefinitions. */
function serveDefinitions(objects: ObjectStore, registry: Registry): void {
  const definitions = objects.collection("apiextensions.k8s.io", "customresourcedefinitions");
  for (const entry of definitions.range()) registry.replaceCustom(entry.name, servedBy(entry, objects));
  definitions.listen(({ type, entry }) => {
    registry.replaceCustom(entry.name, type === "DELETED" ? [] : servedBy(entry, objects));
  });
}
