/** The token subresource of service accounts: TokenRequest (authentication.k8s.io/v1). */
import type { AuthenticationV1TokenRequest, BoundObjectReference, Pod } from "#api/builtin/types.gen.ts";
import { parseApiVersion } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { invalidValue } from "#kit/schema/field-errors.ts";
import { conflict, failure, invalid, notFound } from "#kit/status.ts";
import { type ServiceAccountClaim, serviceAccountName } from "../auth/identity.ts";
import { ISSUER } from "../auth/tokens.ts";
import type { Entry } from "../storage/entry.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { uuid } from "./create.ts";
import { stamp } from "./metadata.ts";
import { requireKind } from "./request-kind.ts";
import { type Core, isDryRun, managerOf } from "./write.ts";

const KIND = "TokenRequest";
const GROUP = "authentication.k8s.io";
const API_VERSION = `${GROUP}/v1`;
const DEFAULT_SECONDS = 3600;
const SHORTEST_SECONDS = 600;
const LONGEST_SECONDS = 2 ** 32;
const BOUND_KINDS: { readonly [kind: string]: string } = { Pod: "pods", Node: "nodes", Secret: "secrets" };

type Spec = Partial<AuthenticationV1TokenRequest["spec"]>;

/** A bearer token of the service account. Throws NotFound, Invalid for a bad life time, Conflict when the bound object is another one. */
export async function createToken(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, target, body } = request;
  const { name = "", namespace = "" } = target;
  const account = core.objects.latest(served.collection, served.key(namespace, name));
  if (!account) throw notFound(served.id, name);
  checkBody(request);
  const spec: Spec = isObject(body) && isObject(body.spec) ? body.spec : {};
  const seconds = spec.expirationSeconds ?? DEFAULT_SECONDS;
  checkSeconds(seconds);
  const audiences = spec.audiences?.length ? spec.audiences : [ISSUER];
  const claim = { namespace, ...boundTo(spec.boundObjectRef, account, core), serviceaccount: referenceTo(account) };
  const at = core.clock();
  const claims = { aud: audiences, sub: serviceAccountName(namespace, name), jti: uuid(core.randomBytes(16)) };
  const token = isDryRun(request.query)
    ? ""
    : await core.identity.tokens.sign({ ...claims, "kubernetes.io": claim }, seconds);
  return {
    kind: "object",
    code: 201,
    object: {
      kind: KIND,
      apiVersion: API_VERSION,
      metadata: {
        name,
        namespace,
        uid: account.uid,
        creationTimestamp: stamp(at),
        managedFields: [managedBy(managerOf(request), spec, stamp(at))],
      },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: { token, expirationTimestamp: stamp(new Date(at.getTime() + seconds * 1000)) },
    },
  };
}

/** Throws unless a body is a TokenRequest of the account on the path. */
function checkBody({ body, target }: ResourceRequest): void {
  if (!isObject(body)) return;
  const { metadata } = body;
  requireKind(body, { kind: KIND, group: "authentication", apiVersions: [API_VERSION] });
  const name = isObject(metadata) ? metadata.name : undefined;
  if (name && name !== target.name)
    throw invalid(GROUP, KIND, target.name ?? "", [
      invalidValue("metadata.name", name, "must match the service account name if specified"),
    ]);
}

/** Who has asked for which part of a request. */
function managedBy(manager: string, spec: Spec, time: string): object {
  const fields = { ...(spec.audiences?.length && { "f:audiences": {} }), "f:expirationSeconds": {} };
  return {
    manager,
    operation: "Update",
    apiVersion: API_VERSION,
    time,
    fieldsType: "FieldsV1",
    fieldsV1: { "f:spec": { ...fields, ...(spec.boundObjectRef && { "f:boundObjectRef": {} }) } },
    subresource: "token",
  };
}

function checkSeconds(seconds: unknown): void {
  if (!Number.isInteger(seconds)) throw failure("BadRequest", "spec.expirationSeconds: must be a whole number");
  const given = Number(seconds);
  if (given >= SHORTEST_SECONDS && given <= LONGEST_SECONDS) return;
  const why =
    given < SHORTEST_SECONDS
      ? "may not specify a duration less than 10 minutes"
      : "may not specify a duration larger than 2^32 seconds";
  throw invalid(GROUP, KIND, "", [
    { field: "spec.expirationSeconds", reason: "FieldValueInvalid", message: `Invalid value: ${given}: ${why}` },
  ]);
}

function referenceTo({ name, uid }: Entry): { name: string; uid: string } {
  return { name, uid };
}

/** The claim about the object with which the token is to die. */
function boundTo(
  reference: BoundObjectReference | undefined,
  account: Entry,
  { objects }: Core,
): Partial<Pick<ServiceAccountClaim, "pod" | "node" | "secret">> {
  if (!reference) return {};
  const { kind = "", apiVersion = "", name = "", uid } = reference;
  const { group, version } = parseApiVersion(apiVersion);
  const plural = group === "" ? BOUND_KINDS[kind] : undefined;
  if (!plural)
    throw failure("BadRequest", `cannot bind token to object of type ${group}/${version || "v1"}, Kind=${kind}`);
  const key = kind === "Node" ? name : `${account.namespace}/${name}`;
  const entry = objects.latest(objects.collection("", plural), key);
  if (!entry) throw notFound({ group: "", resource: plural }, name);
  if (uid && uid !== entry.uid)
    throw conflict(
      { group: "", resource: kind },
      name,
      `the UID in the bound object reference (${String(uid)}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (kind !== "Pod") return { [kind.toLowerCase()]: referenceTo(entry) };
  const { serviceAccountName: owner, nodeName } = (entry.object as unknown as Pod).spec;
  if (owner !== account.name)
    throw failure(
      "BadRequest",
      `cannot bind token for serviceaccount ${JSON.stringify(account.name)} to pod running with different serviceaccount name.`,
    );
  const node = nodeName && objects.latest(objects.collection("", "nodes"), nodeName);
  return { pod: referenceTo(entry), ...(node && { node: referenceTo(node) }) };
}
