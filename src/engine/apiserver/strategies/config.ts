/** ConfigMaps and Secrets: immutability, plain-text secret data. */
import type { ConfigMap, Secret } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import type { FieldError } from "#kit/status.ts";
import type { Strategy } from "./strategy.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

type Data = { data?: Record<string, string>; binaryData?: Record<string, string>; immutable?: boolean };

function validateKeys(object: Data): FieldError[] {
  return (["data", "binaryData"] as const).flatMap((field) =>
    Object.keys(object[field] ?? {})
      .filter((key) => !KEY.test(key) || key === "." || key === "..")
      .map((key) => ({
        field: `${field}[${key}]`,
        reason: "FieldValueInvalid" as const,
        message: `Invalid value: "${key}": a valid config key must consist of alphanumeric characters, '-', '_' or '.'`,
      })),
  );
}

function validateImmutable(draft: Data, current: Data | undefined): FieldError[] {
  if (!current?.immutable) return [];
  const errors: FieldError[] = [];
  const forbid = (field: string): void => {
    const message = "Forbidden: field is immutable when `immutable` is set";
    errors.push({ field, reason: "FieldValueForbidden", message });
  };
  if (!draft.immutable) forbid("immutable");
  if (!deepEqual(draft.data, current.data)) forbid("data");
  if (!deepEqual(draft.binaryData, current.binaryData)) forbid("binaryData");
  return errors;
}

export const configStrategy: Strategy = {
  validate: (draft, current) => [
    ...validateKeys(draft as ConfigMap as Data),
    ...validateImmutable(draft as Data, current as Data | undefined),
  ],
};

const asSecret = (object: Unstructured): Mutable<Secret> => object as unknown as Mutable<Secret>;

export const secretStrategy: Strategy = {
  defaults: (draft) => {
    const secret = asSecret(draft);
    secret.type ||= "Opaque";
    const { stringData } = secret;
    delete secret.stringData;
    if (!stringData) return;
    secret.data ??= {};
    for (const key in stringData) secret.data[key] = Buffer.from(stringData[key] ?? "").toString("base64");
  },
  validate: (draft, current) => {
    const secret = asSecret(draft);
    const before = current && asSecret(current);
    const errors = [...validateKeys(secret as Data), ...validateImmutable(secret as Data, before as Data | undefined)];
    for (const [key, value] of Object.entries(secret.data ?? {}))
      if (!BASE64.test(value))
        errors.push({ field: `data[${key}]`, reason: "FieldValueInvalid", message: "Invalid value: not base64" });
    if (before && before.type !== secret.type)
      errors.push({
        field: "type",
        reason: "FieldValueInvalid",
        message: `Invalid value: "${secret.type}": field is immutable`,
      });
    return errors;
  },
};
