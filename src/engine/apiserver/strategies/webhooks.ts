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
import { isDnsSubdomain } from "#kit/names.ts";
import type { FieldError } from "#kit/status.ts";
import { conditionProblem } from "../admission/conditions.ts";
import type { Strategy } from "./strategy.ts";

type Webhook = Mutable<MutatingWebhook>;

const MAX_CONDITIONS = 64;
const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

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

type Report = {
  required(field: string, why?: string): void;
  invalid(field: string, value: unknown, why: string): void;
  oneOf(field: string, value: string | undefined, supported: readonly string[]): void;
};

function reportInto(errors: FieldError[], at: string): Report {
  const add = (field: string, reason: FieldError["reason"], message: string): void => {
    errors.push({ field: field ? `${at}.${field}` : at, reason, message });
  };
  return {
    required: (field, why) => add(field, "FieldValueRequired", why ? `Required value: ${why}` : "Required value"),
    invalid: (field, value, why) => add(field, "FieldValueInvalid", `Invalid value: ${JSON.stringify(value)}: ${why}`),
    oneOf: (field, value, supported) => {
      if (value === undefined || supported.includes(value)) return;
      const list = supported.map((one) => JSON.stringify(one)).join(", ");
      add(field, "FieldValueNotSupported", `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`);
    },
  };
}

function validateWebhook(webhook: Webhook, report: Report): void {
  const { name, clientConfig, sideEffects, timeoutSeconds = 10, admissionReviewVersions = [] } = webhook;
  if (!name) report.required("name");
  else if (!isDnsSubdomain(name) || name.split(".").length < 3)
    report.invalid("name", name, "should be a domain with at least three segments separated by dots");
  if (!sideEffects) report.required("sideEffects", "must specify one of None, NoneOnDryRun");
  else report.oneOf("sideEffects", sideEffects, ["None", "NoneOnDryRun"]);
  report.oneOf("failurePolicy", webhook.failurePolicy, ["Fail", "Ignore"]);
  report.oneOf("matchPolicy", webhook.matchPolicy, ["Equivalent", "Exact"]);
  report.oneOf("reinvocationPolicy", webhook.reinvocationPolicy, ["IfNeeded", "Never"]);
  if (timeoutSeconds < 1 || timeoutSeconds > 30)
    report.invalid("timeoutSeconds", timeoutSeconds, "the timeout value must be between 1 and 30 seconds");
  if (admissionReviewVersions.length === 0) report.required("admissionReviewVersions", "must specify one of v1");
  else if (!admissionReviewVersions.includes("v1"))
    report.invalid("admissionReviewVersions", admissionReviewVersions, "must include at least one of v1");
  validateConditions(webhook.matchConditions ?? [], report);
  validateClient(clientConfig, report);
}

function validateConditions(conditions: readonly MatchCondition[], report: Report): void {
  if (conditions.length > MAX_CONDITIONS)
    report.invalid("matchConditions", conditions.length, `must have at most ${MAX_CONDITIONS} items`);
  const names = new Set<string>();
  conditions.forEach(({ name, expression }, index) => {
    const at = `matchConditions[${index}]`;
    if (!name) report.required(`${at}.name`);
    else if (names.has(name)) report.invalid(`${at}.name`, name, "must be unique");
    names.add(name);
    if (!expression?.trim()) report.required(`${at}.expression`);
    else {
      const problem = conditionProblem(expression);
      if (problem) report.invalid(`${at}.expression`, expression, problem);
    }
  });
}

function validateClient(config: WebhookClientConfig | undefined, report: Report): void {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined))
    report.required("clientConfig", "exactly one of url or service is required");
  if (url !== undefined) validateUrl(url, report);
  if (!service) return;
  const { name, namespace, path, port = 443 } = service;
  if (!name) report.required("clientConfig.service.name", "service name is required");
  if (!namespace) report.required("clientConfig.service.namespace", "service namespace is required");
  if (path !== undefined && !path.startsWith("/"))
    report.invalid("clientConfig.service.path", path, "must start with a '/'");
  if (port < 1 || port > 65535)
    report.invalid("clientConfig.service.port", port, "port is not valid: must be between 1 and 65535, inclusive");
}

const FORMAT = "desired format: https://host[/path]";

function validateUrl(text: string, report: Report): void {
  const field = "clientConfig.url";
  const url = URL.parse(text);
  if (!url) {
    report.invalid(field, text, `url must be a valid URL; ${FORMAT}`);
    return;
  }
  if (url.protocol !== "https:")
    report.invalid(field, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${FORMAT}`);
  if (!url.host) report.invalid(field, url.host, `host must be specified; ${FORMAT}`);
  if (url.username || url.password) report.invalid(field, url.username, "user information is not permitted in the URL");
  if (url.hash) report.invalid(field, url.hash.slice(1), "fragments are not permitted in the URL");
  if (url.search) report.invalid(field, url.search.slice(1), "query parameters are not permitted in the URL");
}

function validateRule(rule: RuleWithOperations, at: string, report: Report): void {
  const lists = { operations: "operations", apiGroups: "API groups", apiVersions: "API versions" } as const;
  for (const [field, words] of Object.entries(lists)) {
    const values = rule[field as keyof typeof lists] ?? [];
    if (values.length === 0) report.required(`${at}.${field}`);
    if (values.length > 1 && values.includes("*"))
      report.invalid(`${at}.${field}`, values, `if '*' is present, must not specify other ${words}`);
  }
  rule.operations?.forEach((operation, index) => report.oneOf(`${at}.operations[${index}]`, operation, OPERATIONS));
  const resources = rule.resources ?? [];
  if (resources.length === 0) report.required(`${at}.resources`);
  resources.forEach((resource, index) => {
    if (resource === "") report.required(`${at}.resources[${index}]`);
  });
  if (resources.length > 1 && resources.includes("*/*"))
    report.invalid(`${at}.resources`, resources, "if '*/*' is present, must not specify other resources");
  report.oneOf(`${at}.scope`, rule.scope, ["*", "Cluster", "Namespaced"]);
}

function webhookStrategy(mutating: boolean): Strategy {
  return {
    generation: true,
    defaults: (draft) => {
      for (const webhook of webhooksOf(draft)) defaultWebhook(webhook, mutating);
    },
    validate: (draft) => {
      const errors: FieldError[] = [];
      const names = new Set<string>();
      webhooksOf(draft).forEach((webhook, index) => {
        const at = `webhooks[${index}]`;
        const report = reportInto(errors, at);
        webhook.rules?.forEach((rule, position) => validateRule(rule, `rules[${position}]`, report));
        validateWebhook(webhook, report);
        if (names.has(webhook.name))
          errors.push({
            field: `${at}.name`,
            reason: "FieldValueDuplicate",
            message: `Duplicate value: ${JSON.stringify(webhook.name)}`,
          });
        names.add(webhook.name);
      });
      return errors;
    },
  };
}

export const mutatingWebhookStrategy: Strategy = webhookStrategy(true);
export const validatingWebhookStrategy: Strategy = webhookStrategy(false);
