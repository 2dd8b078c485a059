/** ConfigMaps and Secrets: keys, immutability, what the types of secrets hold. */
import type { ConfigMap, Secret } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { Fault } from "#kit/ytt/errors.ts";
import { parseJson } from "#kit/ytt/library/json-parse.ts";
import { warnOfKeyPair } from "./key-pairs.ts";
import { configKey } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

const MAX_BYTES = 1 << 20;

type Data = { data?: Record<string, string>; binaryData?: Record<string, string>; immutable?: boolean };

function checkKeys(data: Record<string, string> | undefined, report: Report): void {
  for (const key of Object.keys(data ?? {}).sort()) report.key(key).invalidFor(key, configKey(key));
}

/** The bytes that base64 stands for. */
function decodedSize(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

function sizeOf({ data, binaryData }: Data, isEncoded: boolean): number {
  let size = 0;
  for (const value of Object.values(data ?? {})) size += isEncoded ? decodedSize(value) : Buffer.byteLength(value);
  for (const value of Object.values(binaryData ?? {})) size += decodedSize(value);
  return size;
}

function checkUnchanged(next: Data, current: Data | undefined, report: Report): void {
  if (!current?.immutable) return;
  const why = "field is immutable when `immutable` is set";
  if (!next.immutable) report.at("immutable").forbidden(why);
  if (!deepEqual(next.data ?? {}, current.data ?? {})) report.at("data").forbidden(why);
  if (!deepEqual(next.binaryData ?? {}, current.binaryData ?? {})) report.at("binaryData").forbidden(why);
}

export const configStrategy: Strategy = {
  revalidates: true,
  validate: (draft, current) =>
    violations((report) => {
      const { data, binaryData, immutable } = draft as unknown as ConfigMap;
      checkKeys(data, report.at("data"));
      checkKeys(binaryData, report.at("binaryData"));
      for (const key of Object.keys(data ?? {}))
        if (binaryData && Object.hasOwn(binaryData, key))
          report.at("data").key(key).invalid(key, "duplicate of key present in binaryData");
      if (sizeOf(draft as Data, false) > MAX_BYTES) report.tooLong(MAX_BYTES);
      checkUnchanged({ data, binaryData, immutable } as Data, current as Data | undefined, report);
    }),
};

const asSecret = (object: Unstructured): Mutable<Secret> => object as unknown as Mutable<Secret>;

export const secretStrategy: Strategy = {
  warn: (draft) => warnOfKeyPair(asSecret(draft)),
  defaults: (draft) => {
    const secret = asSecret(draft);
    secret.type ||= "Opaque";
    const { stringData } = secret;
    delete secret.stringData;
    if (!stringData) return;
    secret.data ??= {};
    for (const key in stringData) secret.data[key] = Buffer.from(stringData[key] ?? "").toString("base64");
  },
  prepareUpdate: (draft, current) => {
    asSecret(draft).type ||= asSecret(current).type ?? "Opaque";
  },
  validate: (draft, current) =>
    violations((report) => {
      const secret = asSecret(draft);
      const before = current && asSecret(current);
      if (before && before.type !== secret.type) report.at("type").invalid(secret.type, "field is immutable");
      checkUnchanged(secret as Data, before as Data | undefined, report);
      checkKeys(secret.data, report.at("data"));
      if (sizeOf(secret as Data, true) > MAX_BYTES) report.at("data").tooLong(MAX_BYTES);
      checkContent(secret, report);
    }),
};

const ACCOUNT = "kubernetes.io/service-account.name";
/** By type of secret: all of these keys have to be there. */
const NEEDED: { readonly [type: string]: readonly string[] } = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};
/** By type of secret: the key whose value is JSON. */
const JSON_KEYS: { readonly [type: string]: string } = {
  "kubernetes.io/dockercfg": ".dockercfg",
  "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
};

function checkContent({ type = "", data = {}, metadata }: Mutable<Secret>, report: Report): void {
  const has = (key: string): boolean => Object.hasOwn(data, key);
  for (const key of NEEDED[type] ?? []) if (!has(key)) report.at("data").key(key).required();
  if (type === "kubernetes.io/service-account-token" && !metadata.annotations?.[ACCOUNT])
    report.at("metadata", "annotations").key(ACCOUNT).required();
  if (type === "kubernetes.io/basic-auth" && !has("username") && !has("password"))
    for (const key of ["username", "password"]) report.at("data").key(key).required();
  const key = JSON_KEYS[type];
  if (!key || !has(key)) return;
  try {
    parseJson(Buffer.from(data[key] ?? "", "base64").toString());
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    report.at("data").key(key).invalid("<secret contents redacted>", error.message);
  }
}
