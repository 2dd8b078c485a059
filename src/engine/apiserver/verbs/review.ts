/** Reviews: objects that are never stored, only answered. Who is this, and what may he do? */
import type {
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  TokenReview,
} from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { invalidValue } from "#kit/schema/field-errors.ts";
import { type FieldError, failure, invalid, type StatusError } from "#kit/status.ts";
import { userInfo } from "../admission/review.ts";
import type { Attributes } from "../auth/rules.ts";
import { ISSUER } from "../auth/tokens.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest, User } from "../wire/request.ts";
import { decode } from "./decode.ts";
import { recordUpdate } from "./managed.ts";
import { stamp } from "./metadata.ts";
import { type Core, managerOf, requireNamespace } from "./write.ts";

type Reviewer = (draft: Unstructured, request: ResourceRequest, core: Core) => object | Promise<object>;

const REVIEWERS: { readonly [resource: string]: Reviewer } = {
  "authentication.k8s.io/tokenreviews": reviewToken,
  "authentication.k8s.io/selfsubjectreviews": (_, { user }) => ({ userInfo: userInfo(user) }),
  "authorization.k8s.io/subjectaccessreviews": reviewSubject,
  "authorization.k8s.io/localsubjectaccessreviews": reviewSubject,
  "authorization.k8s.io/selfsubjectaccessreviews": reviewSelf,
  "authorization.k8s.io/selfsubjectrulesreviews": reviewRules,
};

/** True for resources that are answered here. */
export function isReview({ facts }: ServedResource): boolean {
  return Object.hasOwn(REVIEWERS, `${facts.group}/${facts.plural}`);
}

/** Answers a review. Throws MethodNotAllowed for anything but create, Invalid or BadRequest when it asks nothing. */
export async function review(request: ResourceRequest, core: Core): Promise<Answer> {
  const { served, verb, target, query } = request;
  if (verb !== "create" || target.name !== undefined)
    throw failure("MethodNotAllowed", "the server does not allow this method on the requested resource");
  if (served.namespaced) requireNamespace(request, core);
  const { draft, warnings } = decode(served, request.body, { owned: request.ownsBody, query });
  served.strategy.defaults?.(draft);
  delete draft.status;
  recordUpdate({ served, draft, current: undefined, manager: managerOf(request), at: core.clock() });
  const status = await REVIEWERS[`${served.facts.group}/${served.facts.plural}`]?.(draft, request, core);
  if (served.facts.kind === "SelfSubjectRulesReview")
    return { kind: "object", code: 201, object: { ...draft, metadata: {}, spec: {}, status }, warnings };
  const { kind, apiVersion, metadata, ...rest } = draft;
  const times = served.facts.kind === "SelfSubjectReview" ? { creationTimestamp: stamp(core.clock()) } : {};
  const object = { kind, apiVersion, metadata: { ...metadata, ...times }, ...rest, status };
  return { kind: "object", code: 201, object, warnings };
}

async function reviewToken(draft: Unstructured, _: ResourceRequest, { identity }: Core): Promise<object> {
  const { token, audiences } = (draft as unknown as TokenReview).spec ?? {};
  if (!token) throw failure("BadRequest", "token is required for TokenReview in authentication");
  const found = await identity.authenticate(token, audiences?.length ? audiences : [ISSUER]);
  if (!found) return { user: {}, error: "invalid bearer token" };
  return { authenticated: true, user: userInfo(found.user), audiences: found.audiences };
}

function reviewSubject(draft: Unstructured, request: ResourceRequest, core: Core): object {
  const asked = draft as unknown as SubjectAccessReview;
  const { user = "", groups = [], uid, extra } = asked.spec ?? {};
  const errors = attributeProblems(asked);
  if (!user && groups.length === 0)
    errors.push(invalidValue("spec.user", "", "at least one of user or group must be specified"));
  if (request.served.namespaced) errors.push(...localProblems(asked, request.target.namespace));
  if (errors.length > 0) throw refused(errors);
  const subject = { username: user, groups, ...(uid && { uid }), ...(isObject(extra) && { extra }) };
  return decision(asked, subject as User, core);
}

function reviewSelf(draft: Unstructured, { user }: ResourceRequest, core: Core): object {
  const asked = draft as unknown as SelfSubjectAccessReview;
  const errors = attributeProblems(asked);
  if (errors.length > 0) throw refused(errors);
  return decision(asked, user, core);
}

function refused(errors: readonly FieldError[]): StatusError {
  return invalid("authorization.k8s.io", "", "", errors);
}

function attributeProblems({ spec }: Pick<SelfSubjectAccessReview, "spec">): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec ?? {};
  const field = "spec.nonResourceAttributes";
  if (resourceAttributes && nonResourceAttributes)
    return [
      invalidValue(field, inGo(nonResourceAttributes), "cannot be specified in combination with resourceAttributes"),
    ];
  if (resourceAttributes || nonResourceAttributes) return [];
  const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [invalidValue("spec.resourceAttributes", null, why)];
}

/** What is wrong with a review that is asked in a namespace: it is about that namespace alone. */
function localProblems({ spec }: Pick<SelfSubjectAccessReview, "spec">, namespace: string | undefined): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec ?? {};
  const asked = resourceAttributes?.namespace ?? "";
  return [
    ...(resourceAttributes && asked !== namespace
      ? [invalidValue("spec.resourceAttributes.namespace", asked, "must match metadata.namespace")]
      : []),
    ...(nonResourceAttributes
      ? [invalidValue("spec.nonResourceAttributes", inGo(nonResourceAttributes), "disallowed on this kind of request")]
      : []),
  ];
}

/** A path as a real server shows it, which prints its own representation. */
function inGo({ path = "", verb = "" }: { path?: string; verb?: string }): object {
  return { Path: path, Verb: verb };
}

function decision({ spec }: Pick<SelfSubjectAccessReview, "spec">, user: User, { access }: Core): object {
  const { allowed, reason } = access.decide(user, attributesOf(spec));
  return { allowed, ...(reason && { reason }) };
}

function attributesOf(spec: SelfSubjectAccessReview["spec"]): Attributes {
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec;
  if (!asked) return { verb: path?.verb ?? "", path: path?.path ?? "" };
  const { verb = "", group = "", resource = "", subresource, namespace, name } = asked;
  return {
    verb,
    group,
    resource: subresource ? `${resource}/${subresource}` : resource,
    namespace: namespace || undefined,
    name: name || undefined,
  };
}

function reviewRules(draft: Unstructured, { user }: ResourceRequest, { access }: Core): object {
  const { namespace } = (draft as unknown as SelfSubjectRulesReview).spec ?? {};
  if (!namespace) throw failure("BadRequest", "no namespace on request");
  const rules = access.rulesOf(user, namespace);
  return {
    resourceRules: rules
      .filter(({ resources = [] }) => resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, resourceNames })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}
