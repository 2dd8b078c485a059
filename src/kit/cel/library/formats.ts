/** Kubernetes' named formats: `format.dns1123Label().validate(text)`. */
import { formatMatches } from "../../schema/formats.ts";
import { define, type Overload } from "../overload.ts";
import { Opaque, Optional } from "../values.ts";

const DNS_1123_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_1123_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_1035_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

type Check = (text: string) => string[];

function matching(pattern: RegExp, limit: number, what: string, example = ""): Check {
  return (text) => [
    ...(text.length > limit ? [`must be no more than ${limit} bytes`] : []),
    ...(pattern.test(text)
      ? []
      : [`${what} (${example}regex used for validation is '${pattern.source.slice(1, -1)}')`]),
  ];
}

/** The same for a prefix that ends in a dash because something is generated behind it. */
function prefixed(check: Check): Check {
  return (text) => check(text.endsWith("-") ? `${text.slice(0, -1)}a` : text);
}

const label = matching(
  DNS_1123_LABEL,
  63,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  "e.g. 'my-name',  or '123-abc', ",
);
const subdomain = matching(
  DNS_1123_SUBDOMAIN,
  253,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  "e.g. 'example.com', ",
);
const label1035 = matching(
  DNS_1035_LABEL,
  63,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  "e.g. 'my-name',  or 'abc-123', ",
);
const labelValue = matching(
  LABEL_VALUE,
  63,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  "e.g. 'MyValue',  or 'my_value',  or '12345', ",
);

function qualifiedName(text: string): string[] {
  const parts = text.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2)
    return ["a qualified name must consist of a name with an optional DNS subdomain prefix and '/'"];
  const problems = parts.length === 2 ? subdomain(parts[0] ?? "").map((problem) => `prefix part ${problem}`) : [];
  return [
    ...problems,
    ...matching(
      NAME_PART,
      63,
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    )(name),
  ];
}

/** A format that schemas know too. */
function byFormat(format: string): Check {
  return (text) => (formatMatches(format, text) ? [] : [`invalid ${format}`]);
}

const CHECKS: { readonly [name: string]: Check } = {
  dns1123Label: label,
  dns1123Subdomain: subdomain,
  dns1035Label: label1035,
  qualifiedName,
  dns1123LabelPrefix: prefixed(label),
  dns1123SubdomainPrefix: prefixed(subdomain),
  dns1035LabelPrefix: prefixed(label1035),
  labelValue,
  uri: byFormat("uri"),
  uuid: byFormat("uuid"),
  byte: byFormat("byte"),
  date: byFormat("date"),
  datetime: byFormat("datetime"),
};

const TYPE = "kubernetes.NamedFormat";

function named(name: string): Opaque<Check> {
  return new Opaque(TYPE, name, CHECKS[name] as Check);
}

function validate({ content }: Opaque<Check>, text: string): Optional {
  const problems = content(text);
  return problems.length > 0 ? new Optional(problems) : new Optional();
}

export const FORMATS: readonly Overload[] = [
  ...Object.keys(CHECKS).map((name) => define(`format.${name}(): ${TYPE}`, () => named(name))),
  define(`format.named(string): optional_type<${TYPE}>`, (name: string) =>
    Object.hasOwn(CHECKS, name) ? new Optional(named(name)) : new Optional(),
  ),
  define(`{${TYPE}}.validate(string): optional_type<list<string>>`, validate, (_: Opaque, text: string) =>
    Math.ceil(text.length * 0.1),
  ),
];
