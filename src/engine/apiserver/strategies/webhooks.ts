/** Webhook configurations: defaults and validation, with the messages of a real server. */
import type {
  MatchCondition,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  RuleWithOperations,
  WebhookClientConfig,
} from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { conditionProblem } from "../admission/conditions.ts";
import { dns1035Label, dnsSubdomain, labelKey } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import { checkSelector } from "./rules/selectors.ts";
import type { Strategy } from "./strategy.ts";

type Webhook = Mutable<MutatingWebhook>;

const MAX_CONDITIONS = 64;
const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES = ["*", "Cluster", "Namespaced"];
/** Versions of reviews that are accepted, as messages name them. */
const REVIEW_VERSIONS = ["v1", "v1beta1"];

function webhooksOf(object: Unstructured): Webhook[] {
  return (object as unknown as Mutable<MutatingWebhookConfiguration>).webhooks ?? [];
}

function defaultWebhook(webhook: Webhook, mutating: boolean): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.timeoutSeconds ??= 10;
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  if (mutating) webhook.reinvocationPolicy ??= "Never";
  for (const rule of webhook.rules ?? []) rule.scope ??= "*";
  const service = webhook.clientConfig?.service;
  if (service) service.port ??= 443;
}

function checkWebhook(webhook: Webhook, report: Report): void {
  const { name, sideEffects, timeoutSeconds = 10 } = webhook;
  webhook.rules?.forEach((rule, index) => {
    checkRule(rule, report.at("rules").item(index));
  });
  if (report.at("name").needs(name)) checkName(name, report.at("name"));
  if (!sideEffects) report.at("sideEffects").required("must specify one of None, NoneOnDryRun");
  else report.at("sideEffects").oneOf(sideEffects, ["None", "NoneOnDryRun"]);
  report.at("failurePolicy").oneOf(webhook.failurePolicy, ["Fail", "Ignore"]);
  report.at("matchPolicy").oneOf(webhook.matchPolicy, ["Equivalent", "Exact"]);
  if (webhook.reinvocationPolicy !== undefined)
    report.at("reinvocationPolicy").oneOf(webhook.reinvocationPolicy, ["IfNeeded", "Never"]);
  if (timeoutSeconds < 1 || timeoutSeconds > 30)
    report.at("timeoutSeconds").invalid(timeoutSeconds, "the timeout value must be between 1 and 30 seconds");
  checkSelector(webhook.namespaceSelector, report.at("namespaceSelector"));
  checkSelector(webhook.objectSelector, report.at("objectSelector"));
  checkVersions(webhook.admissionReviewVersions ?? [], report.at("admissionReviewVersions"));
  checkConditions(webhook.matchConditions ?? [], report.at("matchConditions"));
  checkClient(webhook.clientConfig, report.at("clientConfig"));
}

function checkName(name: string, report: Report): void {
  const problems = dnsSubdomain(name);
  report.invalidFor(name, problems);
  if (problems.length === 0 && name.split(".").length < 3)
    report.invalid(name, "should be a domain with at least three segments separated by dots");
}

function checkVersions(versions: readonly string[], report: Report): void {
  if (versions.length === 0) {
    report.required(`must specify one of ${REVIEW_VERSIONS.join(", ")}`);
    return;
  }
  versions.forEach((version, index) => {
    report.item(index).invalidFor(version, dns1035Label(version));
    if (versions.indexOf(version) < index) report.item(index).invalid(version, "duplicate version");
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version)))
    report.invalid(versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`);
}

function checkConditions(conditions: readonly MatchCondition[], report: Report): void {
  if (conditions.length > MAX_CONDITIONS) report.tooMany(conditions.length, MAX_CONDITIONS);
  const names = new Set<string>();
  conditions.forEach(({ name, expression }, index) => {
    const at = report.item(index);
    if (at.at("expression").needs(expression?.trim())) {
      const problem = conditionProblem(expression);
      if (problem) at.at("expression").invalid(expression, problem);
    }
    if (!at.at("name").needs(name)) return;
    at.at("name").invalidFor(name, labelKey(name));
    if (names.has(name)) at.at("name").duplicate(name);
    names.add(name);
  });
}

function checkClient(config: WebhookClientConfig | undefined, report: Report): void {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) {
    report.required("exactly one of url or service is required");
    return;
  }
  if (url !== undefined) checkUrl(url, report.at("url"));
  if (!service) return;
  const { name, namespace, path, port = 443 } = service;
  const at = report.at("service");
  at.at("name").needs(name);
  at.at("namespace").needs(namespace);
  if (port < 1 || port > 65_535)
    at.at("port").invalid(port, "port is not valid: must be between 1 and 65535, inclusive");
  if (path) checkPath(path, at.at("path"));
}

function checkPath(path: string, report: Report): void {
  if (path === "/" || path === "//") return;
  if (!path.startsWith("/")) report.invalid(path, "must start with a '/'");
  const segments = (path.endsWith("/") ? path.slice(1, -1) : path.slice(1)).split("/");
  segments.forEach((segment, index) => {
    if (segment === "") report.invalid(path, `segment[${index}] may not be empty`);
    else for (const why of dnsSubdomain(segment)) report.invalid(path, `segment[${index}]: ${why}`);
  });
}

const FORMAT = "desired format: https://host[/path]";

function checkUrl(text: string, report: Report): void {
  const url = URL.parse(text);
  if (!url) {
    report.invalid(text, `url must be a valid URL; ${FORMAT}`);
    return;
  }
  if (url.protocol !== "https:")
    report.invalid(url.protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${FORMAT}`);
  if (!url.host) report.invalid(url.host, `host must be specified; ${FORMAT}`);
  const user = [url.username, url.password].filter(Boolean).join(":");
  if (user) report.invalid(user, "user information is not permitted in the URL");
  if (url.hash) report.invalid(url.hash.slice(1), "fragments are not permitted in the URL");
  if (url.search) report.invalid(url.search.slice(1), "query parameters are not permitted in the URL");
}

function checkRule(rule: RuleWithOperations, report: Report): void {
  const lists = { operations: "operations", apiGroups: "API groups", apiVersions: "API versions" } as const;
  for (const [field, words] of Object.entries(lists)) {
    const values = rule[field as keyof typeof lists] ?? [];
    const at = report.at(field);
    if (values.length === 0) at.required();
    if (values.length > 1 && values.includes("*"))
      at.invalid(values, `if '*' is present, must not specify other ${words}`);
    if (field === "apiVersions")
      values.forEach((version, index) => {
        if (version === "") at.item(index).required();
      });
  }
  rule.operations?.forEach((operation, index) => {
    report.at("operations").item(index).oneOf(operation, OPERATIONS);
  });
  checkResources(rule.resources ?? [], report.at("resources"));
  if (rule.scope !== undefined) report.at("scope").oneOf(rule.scope, SCOPES);
}

function checkResources(resources: readonly string[], report: Report): void {
  if (resources.length === 0) report.required();
  resources.forEach((resource, index) => {
    if (resource === "") report.item(index).required();
  });
  if (resources.length > 1 && resources.includes("*/*"))
    report.invalid(resources, "if '*/*' is present, must not specify other resources");
  const isPlain = (resource: string): boolean => !resource.includes("/");
  if (resources.includes("*") && resources.filter(isPlain).length > 1)
    report.invalid(resources, "if '*' is present, must not specify other resources without subresources");
}

function webhookStrategy(mutating: boolean): Strategy {
  return {
    generation: true,
    defaults: (draft) => {
      for (const webhook of webhooksOf(draft)) defaultWebhook(webhook, mutating);
    },
    validate: (draft) =>
      violations((report) => {
        const names = new Set<string>();
        webhooksOf(draft).forEach((webhook, index) => {
          const at = report.at("webhooks").item(index);
          checkWebhook(webhook, at);
          if (webhook.name && names.has(webhook.name)) at.at("name").duplicate(webhook.name);
          names.add(webhook.name);
        });
      }),
  };
}

export const mutatingWebhookStrategy: Strategy = webhookStrategy(true);
export const validatingWebhookStrategy: Strategy = webhookStrategy(false);
