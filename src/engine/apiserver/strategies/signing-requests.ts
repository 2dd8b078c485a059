/** CertificateSigningRequests: what somebody wants to be signed, and what became of it. */
import { X509Certificate } from "node:crypto";
import type {
  CertificateSigningRequestCondition as Condition,
  CertificateSigningRequest as SigningRequest,
  CertificateSigningRequestSpec as Spec,
} from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone, type Mutable } from "#kit/json.ts";
import { pemBlocks, requestedOrganizations } from "../auth/certificate-request.ts";
import { dnsSubdomain } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";
import { draftOf } from "./workloads/shared.ts";

const SHORTEST = 600;
const USAGES = [
  ...["any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment"],
  ...["decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel"],
  ...["ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime"],
  ...["server auth", "signing", "timestamping"],
];
/** Conditions that are for good, and the two of them that only approvers write. */
const FINAL = ["Approved", "Denied", "Failed"];
const DECISIONS = ["Approved", "Denied"];

export const signingRequestStrategy: Strategy = {
  prepareCreate: (draft) => {
    delete draft.metadata.managedFields;
    draft.status = {};
  },
  prepareUpdate: (draft, current) => {
    draft.spec = clone(current.spec);
  },
  validate: (draft, current) =>
    violations((report) => {
      if (!current) checkSpec(draftOf<SigningRequest>(draft).spec ?? {}, report.at("spec"));
    }),
  prepareStatus: (draft, current, now) => {
    keepDecisions(draft, current);
    stampConditions(draft, current, now);
  },
  validateStatus: (draft, current) =>
    violations((report) => {
      checkConditions(draft, current, report);
      const had = typesOf(current);
      for (const type of DECISIONS)
        if (typesOf(draft).has(type) && !had.has(type))
          report
            .at("status", "conditions")
            .forbidden(`updates may not add a condition of type ${JSON.stringify(type)}`);
      checkCertificate(draft, current, report.at("status", "certificate"));
    }),
  parts: {
    approval: {
      lay: (draft, current, now) => {
        const next = clone(current) as Unstructured;
        const { labels, annotations, finalizers, ownerReferences } = draft.metadata;
        const { labels: _l, annotations: _a, finalizers: _f, ownerReferences: _o, ...kept } = next.metadata;
        next.metadata = {
          ...kept,
          ...(labels && { labels }),
          ...(annotations && { annotations }),
          ...(finalizers && { finalizers }),
          ...(ownerReferences && { ownerReferences }),
        };
        const request = draftOf<SigningRequest>(next);
        const { conditions: _, ...status } = request.status ?? {};
        const conditions = conditionsOf(draft);
        request.status = { ...status, ...(conditions.length > 0 && { conditions: [...conditions] }) };
        stampConditions(next, current, now);
        return next;
      },
      validate: (draft, current) => violations((report) => checkConditions(draft, current, report)),
    },
  },
};

function checkSpec(spec: Partial<Spec>, report: Report): void {
  const { request, signerName = "", usages = [], expirationSeconds: seconds } = spec;
  checkRequest(request, report.at("request"));
  if (usages.length === 0) report.at("usages").required();
  usages.forEach((usage, index) => {
    const at = report.at("usages").item(index);
    at.oneOf(usage, USAGES);
    if (usages.indexOf(usage) < index) at.duplicate(usage);
  });
  checkSigner(signerName, report.at("signerName"));
  if (seconds !== undefined && seconds < SHORTEST)
    report.at("expirationSeconds").invalid(seconds, "may not specify a duration less than 600 seconds (10 minutes)");
}

function checkRequest(request: string | null | undefined, report: Report): void {
  const [block] = pemBlocks(textOf(request));
  if (block?.label !== "CERTIFICATE REQUEST") {
    report.invalid(request ?? null, "PEM block type must be CERTIFICATE REQUEST");
    return;
  }
  try {
    requestedOrganizations(block.bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    report.invalid(request, error.message);
  }
}

function textOf(bytes: string | null | undefined): string {
  return Buffer.from(bytes ?? "", "base64").toString("latin1");
}

/** The name of a signer: a domain and a path of one segment. */
function checkSigner(name: string, report: Report): void {
  if (!report.needs(name)) return;
  const [domain = "", path, ...more] = name.split("/");
  if (path === undefined || more.length > 0) {
    report.invalid(name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
    return;
  }
  const problems = dnsSubdomain(domain);
  if (problems.length > 0) report.invalid(domain, problems.join(","));
  else if (!domain.includes("."))
    report.invalid(domain, "should be a domain with at least two segments separated by dots");
  for (const label of path.split(".")) {
    const wrong = dnsSubdomain(label);
    if (wrong.length > 0) report.invalid(path, `validating label ${JSON.stringify(label)}: ${wrong.join(",")}`);
  }
  if (name === "kubernetes.io/legacy-unknown")
    report.invalid(name, "the legacy signerName is not allowed via this API version");
}

function conditionsOf(object: Unstructured): readonly Mutable<Condition>[] {
  return draftOf<SigningRequest>(object).status?.conditions ?? [];
}

function typesOf(object: Unstructured): Set<string> {
  return new Set(conditionsOf(object).map(({ type }) => type));
}

/** Signers leave the decisions of approvers as they are. */
function keepDecisions(draft: Unstructured, current: Unstructured): void {
  const { status } = draftOf<SigningRequest>(draft);
  if (!status?.conditions) return;
  const made = new Map(conditionsOf(current).map((condition) => [condition.type, condition]));
  status.conditions = status.conditions.map((condition) => {
    const before = DECISIONS.includes(condition.type) ? made.get(condition.type) : undefined;
    return before ? { ...before } : condition;
  });
}

function stampConditions(draft: Unstructured, current: Unstructured, now: string): void {
  for (const condition of conditionsOf(draft)) {
    condition.lastUpdateTime ??= now;
    const before = conditionsOf(current).find(({ type }) => type === condition.type);
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
    condition.lastTransitionTime ??= since ?? now;
  }
}

function checkConditions(draft: Unstructured, current: Unstructured, report: Report): void {
  const at = report.at("status", "conditions");
  const seen = new Set<string>();
  conditionsOf(draft).forEach(({ type, status }, index) => {
    const item = at.item(index);
    item.at("type").needs(type);
    const supported = FINAL.includes(type) ? ["True"] : ["False", "True", "Unknown"];
    if (item.at("status").needs(status)) item.at("status").oneOf(status, supported);
    const other = DECISIONS.find((decision) => decision !== type && seen.has(decision));
    if (DECISIONS.includes(type) && other) at.invalid(type, "Approved and Denied conditions are mutually exclusive");
    if (seen.has(type)) item.at("type").duplicate(type);
    seen.add(type);
  });
  for (const type of FINAL)
    if (typesOf(current).has(type) && !seen.has(type))
      at.forbidden(`updates may not remove a condition of type ${JSON.stringify(type)}`);
}

const SHOWN = "<certificate data>";

function checkCertificate(draft: Unstructured, current: Unstructured, report: Report): void {
  const next = draftOf<SigningRequest>(draft).status?.certificate;
  const before = draftOf<SigningRequest>(current).status?.certificate;
  if (before && next !== before) report.forbidden("updates may not modify existing certificate content");
  else if (next && next !== before) checkChain(textOf(next), report);
}

function checkChain(text: string, report: Report): void {
  const blocks = pemBlocks(text);
  const other = blocks.find(({ label }) => label !== "CERTIFICATE");
  if (other) report.invalid(SHOWN, `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(other.label)}`);
  else if (blocks.length === 0) report.invalid(SHOWN, "must contain at least one CERTIFICATE PEM block");
  else if (!blocks.every(({ bytes }) => isCertificate(bytes)))
    report.invalid(SHOWN, "found a CERTIFICATE PEM block that is no certificate");
}

function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).serialNumber !== "";
  } catch {
    return false;
  }
}
