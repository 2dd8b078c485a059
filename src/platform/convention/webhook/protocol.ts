/** PodConventionContext, webhooks.conventions.carto.run/v1alpha1: what a webhook is sent and what it answers. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { isObject } from "#kit/json.ts";
import type { ConventionInput, ConventionResult } from "../convention.ts";

const API_VERSION = "webhooks.conventions.carto.run/v1alpha1";
const KIND = "PodConventionContext";

/** The request for one convention of one intent. */
export function renderRequest(
  name: string,
  { template, images }: Pick<ConventionInput, "template" | "images">,
): Record<string, unknown> {
  const imageConfig = [...images.values()].map(({ image, boms, config }) => ({
    image,
    ...(boms.length > 0 && {
      boms: boms.map(({ name, raw }) => ({ name, raw: Buffer.from(raw).toString("base64") })),
    }),
    config,
  }));
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: { template, imageConfig } };
}

/** What a webhook made of the template; it need not say what it answers with. Throws with what is wrong with the answer. */
export function parseAnswer(text: string): ConventionResult {
  const answer = withoutNulls(parseJson(text));
  if (!isObject(answer) || (answer.kind ?? KIND) !== KIND || (answer.apiVersion ?? API_VERSION) !== API_VERSION)
    throw new Error(`the webhook's answer is no ${KIND} of ${API_VERSION}`);
  const { template, appliedConventions = [] } = isObject(answer.status) ? answer.status : {};
  if (!isObject(template) || !isObject(template.spec) || !Array.isArray(template.spec.containers))
    throw new Error("the webhook's answer has no pod in status.template");
  if (!Array.isArray(appliedConventions) || !appliedConventions.every((name) => typeof name === "string"))
    throw new Error("the webhook's answer has no list of names in status.appliedConventions");
  return { template: template as k8s.PodTemplateSpec, applied: appliedConventions };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`the webhook's answer is not JSON: ${text.slice(0, 200)}`, { cause: error });
  }
}

/** Go writes fields without a value as null (`creationTimestamp: null`); they mean the same as no field. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutNulls(field)]));
}
