/**
 * The JSON of built-in types as their Go types write it: values that mean the same as nothing are left out where the
 * field is optional, and written where it is not; quantities and times have one notation.
 */
import { readFileSync } from "node:fs";
import { isObject } from "#kit/json.ts";
import { canonicalQuantity, formatQuantity, parseQuantity } from "#kit/quantity.ts";
import { canonicalMicroTime, canonicalTime } from "./times.ts";

type Fields = Record<string, unknown>;
type Leaf = (value: unknown) => unknown;
type FieldForm = {
  /** Not a pointer: an empty value is none. */
  byValue: boolean;
  /** There even before anybody has written it. */
  required: boolean;
  /** What is written when there is none; undefined leaves the field out. */
  absent: (() => unknown) | undefined;
  /** The form of what the field holds: itself, its items or its values. */
  type: Form | undefined;
  leaf: Leaf | undefined;
  container: "one" | "list" | "map";
};
/** How one type is written. */
export type Form = {
  readonly fields: ReadonlyMap<string, FieldForm>;
  readonly fills: readonly (readonly [string, FieldForm])[];
};

const LEAVES: { readonly [type: string]: Leaf } = {
  bytes: requireBase64,
  quantity: canonicalAmount,
  resource: canonicalResource,
  time: canonicalTime,
  microtime: canonicalMicroTime,
};

type Raw = { readonly [type: string]: { readonly [field: string]: string } };
let raw: Raw | undefined;
const forms = new Map<string, Form>();

/** The form of a built-in type by its short name; undefined when there is no such type. */
export function builtinForm(name: string): Form | undefined {
  const known = forms.get(name);
  if (known) return known;
  raw ??= JSON.parse(readFileSync(new URL("./forms.gen.json", import.meta.url), "utf8")) as Raw;
  const source = raw[name];
  if (!source) return undefined;
  const fields = new Map<string, FieldForm>();
  const fills: (readonly [string, FieldForm])[] = [];
  const form: Form = { fields, fills };
  forms.set(name, form);
  for (const [field, text] of Object.entries(source)) fields.set(field, parseForm(text));
  for (const entry of fields) if (entry[1].absent || entry[1].type || entry[1].required) fills.push(entry);
  return form;
}

/** `-`, `~`, `=ZERO`, `+ZERO` or nothing, then `one|list|map TYPE` when what is held has a form of its own. */
function parseForm(text: string): FieldForm {
  const [, presence = "", container = "one", type = ""] =
    /^(-|~|[=+]\S*)? ?(?:(one|list|map) (\w+))?$/.exec(text) ?? [];
  const zero = /^[=+]/.test(presence) ? (JSON.parse(presence.slice(1)) as unknown) : undefined;
  return {
    byValue: /^[-~=]/.test(presence),
    required: presence === "~" || presence.startsWith("="),
    absent: zero === undefined ? undefined : () => (isObject(zero) ? {} : zero),
    type: type && !LEAVES[type] ? builtinForm(type) : undefined,
    leaf: LEAVES[type],
    container: container as FieldForm["container"],
  };
}

/** Takes out what means the same as nothing, in place. Throws SyntaxError on a quantity or a time that is none. */
export function tidyFields(form: Form, object: Fields): void {
  for (const name in object) {
    const field = form.fields.get(name);
    if (!field) continue;
    const value = object[name];
    if (field.byValue && isNothing(value, field)) delete object[name];
    else if (field.leaf) object[name] = tidyLeaves(field.leaf, value);
    else if (field.type) tidyValue(field.type, value, field.container);
  }
}

function isNothing(value: unknown, { type, container }: FieldForm): boolean {
  if (value === null || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && !(type && container === "one") && Object.keys(value).length === 0;
}

function tidyLeaves(leaf: Leaf, value: unknown): unknown {
  if (Array.isArray(value)) return value.map(leaf);
  if (!isObject(value)) return leaf(value);
  for (const name in value) value[name] = leaf(value[name]);
  return value;
}

function tidyValue(type: Form, value: unknown, container: FieldForm["container"]): void {
  if (Array.isArray(value)) for (const item of value) tidyValue(type, item, "one");
  else if (!isObject(value)) return;
  else if (container === "map") for (const name in value) tidyValue(type, value[name], "one");
  else tidyFields(type, value);
}

/** Writes what is always written, in place. */
export function fillFields(form: Form, object: Fields): void {
  for (const [name, field] of form.fills) {
    if (field.absent && object[name] === undefined) object[name] = field.absent();
    if (field.type) fillValue(field.type, object[name], field.container);
  }
}

function fillValue(type: Form, value: unknown, container: FieldForm["container"]): void {
  if (Array.isArray(value)) for (const item of value) fillValue(type, item, "one");
  else if (!isObject(value)) return;
  else if (container === "map") for (const name in value) fillValue(type, value[name], "one");
  else fillFields(type, value);
}

function canonicalAmount(value: unknown): unknown {
  const text = canonicalQuantity(String(value).trim());
  if (text !== undefined) return text;
  throw new SyntaxError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

/** Amounts of resources are whole numbers of thousandths. */
function canonicalResource(value: unknown): unknown {
  const text = canonicalAmount(value);
  const quantity = parseQuantity(String(text));
  if (!quantity || quantity.nanos % MILLI === 0n) return text;
  return formatQuantity({ ...quantity, nanos: (quantity.nanos / MILLI + 1n) * MILLI });
}

const MILLI = 1_000_000n;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function requireBase64(value: unknown): unknown {
  const text = String(value);
  if (text.length % 4 === 0 && BASE64.test(text)) return text;
  const odd = text.search(/[^A-Za-z0-9+/]/);
  const at = odd < 0 ? text.length - (text.length % 4) : odd;
  throw new SyntaxError(`illegal base64 data at input byte ${at}`);
}
