/** What a CustomResourceDefinition may say of the conversion between its versions. */
import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import { forbiddenValue, invalidValue, notSupported, required } from "#kit/schema/field-errors.ts";
import type { FieldError } from "#kit/status.ts";

type Conversion = NonNullable<CustomResourceDefinitionObject["spec"]["conversion"]>;
type Webhook = Conversion["webhook"];

const REVIEW_VERSIONS = ["v1", "v1beta1"];
const REVIEW_PATH = "spec.conversion.conversionReviewVersions";
const CLIENT_PATH = "spec.conversion.webhookClientConfig";

/** What is wrong with how a definition wants objects converted between its versions. */
export function conversionProblems(conversion: Conversion | undefined): FieldError[] {
  const { webhook } = conversion ?? {};
  if (!conversion || conversion.strategy === "None") return unusedWebhookProblems(webhook);
  if (!conversion.strategy) return [required("spec.conversion.strategy")];
  if (conversion.strategy !== "Webhook")
    return [notSupported("spec.conversion.strategy", conversion.strategy, ["None", "Webhook"])];
  const problems = webhookProblems(webhook);
  if (problems.length > 0) return problems;
  return [
    forbiddenValue(
      "spec.conversion.strategy",
      "this server does not call conversion webhooks: use strategy None, or serve one version only",
    ),
  ];
}

function unusedWebhookProblems(webhook: Webhook): FieldError[] {
  const why = "should not be set when strategy is not set to Webhook";
  return [
    ...(webhook?.clientConfig ? [forbiddenValue(CLIENT_PATH, why)] : []),
    ...(webhook?.conversionReviewVersions?.length ? [forbiddenValue(REVIEW_PATH, why)] : []),
  ];
}

function webhookProblems(webhook: Webhook): FieldError[] {
  const versions = webhook?.conversionReviewVersions ?? [];
  const errors = clientProblems(webhook?.clientConfig);
  if (versions.length === 0) errors.push(required(REVIEW_PATH));
  else if (!versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalidValue(REVIEW_PATH, versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`));
  return errors;
}

function clientProblems(client: NonNullable<Webhook>["clientConfig"]): FieldError[] {
  if (!client) return [required(CLIENT_PATH, "required when strategy is set to Webhook")];
  const { url, service } = client;
  if ((url === undefined) === (service === undefined))
    return [required(CLIENT_PATH, "exactly one of url or service is required")];
  if (url !== undefined) return urlProblems(url);
  return (["name", "namespace"] as const)
    .filter((field) => !service?.[field])
    .map((field) => required(`${CLIENT_PATH}.service.${field}`));
}

function urlProblems(text: string): FieldError[] {
  const field = `${CLIENT_PATH}.url`;
  const form = "; desired format: https://host[/path]";
  if (!URL.canParse(text)) return [required(field, `url must be a valid URL: ${text}${form}`)];
  const scheme = new URL(text).protocol.slice(0, -1);
  return scheme === "https" ? [] : [invalidValue(field, scheme, `'https' is the only allowed URL scheme${form}`)];
}
