/** What is wrong with a name, in the words of a real server; an empty list when nothing is. */

type Rule = (text: string) => string[];

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

function longerThan(text: string, limit: number): string[] {
  return text.length > limit ? [`must be no more than ${limit} characters`] : [];
}

function matching(pattern: string, why: string, ...examples: readonly string[]): Rule {
  const whole = new RegExp(`^(?:${pattern})$`);
  const shown = examples.map((example) => `'${example}'`).join(",  or ");
  const message = `${why} (e.g. ${shown}, regex used for validation is '${pattern}')`;
  return (text) => (whole.test(text) ? [] : [message]);
}

function boundedInBytes(rule: Rule, limit: number): Rule {
  return (text) => [...(text.length > limit ? [`must be no more than ${limit} bytes`] : []), ...rule(text)];
}

function bounded(rule: Rule, limit: number): Rule {
  return (text) => [...longerThan(text, limit), ...rule(text)];
}

export const dnsLabel: Rule = bounded(
  matching(
    LABEL,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    "my-name",
    "123-abc",
  ),
  63,
);

export const dnsSubdomain: Rule = bounded(
  matching(
    SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    "example.com",
  ),
  253,
);

export const dns1035Label: Rule = bounded(
  matching(
    LABEL_1035,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    "my-name",
    "abc-123",
  ),
  63,
);

const wildcardName: Rule = bounded(
  matching(
    `\\*\\.${SUBDOMAIN}`,
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    "*.example.com",
  ),
  253,
);

/** `*.example.com`. */
export const wildcardSubdomain: Rule = wildcardName;

const UNDERSCORED = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
/** A domain whose labels may begin with an underscore. */
export const underscoredSubdomain: Rule = bounded(
  matching(
    `${UNDERSCORED}(\\.${UNDERSCORED})*`,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
    "example.com",
  ),
  253,
);

const PART_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const namePart = matching(NAME_PART, `name part ${PART_WORDS}`, "MyName", "my.name", "123-abc");
const manyParts = (subject: string): string =>
  `${matching(NAME_PART, `${subject} ${PART_WORDS}`, "MyName", "my.name", "123-abc")("")[0]} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
const NOT_A_KEY = manyParts("a valid label key");

/** A key of a label: a name with an optional domain in front of it. */
export const labelKey: Rule = (text) => {
  const parts = text.split("/");
  if (parts.length > 2) return [NOT_A_KEY];
  const name = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? (parts[0] ?? "") : undefined;
  return [
    ...(prefix === "" ? ["prefix part must be non-empty"] : []),
    ...(prefix ? dnsSubdomain(prefix).map((why) => `prefix part ${why}`) : []),
    ...(name === "" ? ["name part must be non-empty"] : longerThan(name, 63).map((why) => `name part ${why}`)),
    ...namePart(name),
  ];
};

export const labelValue: Rule = boundedInBytes(
  matching(
    `(${NAME_PART})?`,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    "MyValue",
    "my_value",
    "12345",
  ),
  63,
);

/** A key of a ConfigMap or a Secret. */
export const configKey: Rule = (text) => {
  const problems = bounded(
    matching(
      "[-._a-zA-Z0-9]+",
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
      "key.name",
      "KEY_NAME",
      "key-name",
    ),
    253,
  )(text);
  if (text === ".") return [...problems, "must not be '.'"];
  if (text === "..") return [...problems, "must not be '..'"];
  return text.startsWith("..") ? [...problems, "must not start with '..'"] : problems;
};

/** A name of an environment variable. */
export const variableName: Rule = (text) =>
  /^[ -<>-~]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];

export const headerName: Rule = matching(
  "[-A-Za-z0-9]+",
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  "X-Header-Name",
);

/** A name of a port: an IANA service name. */
export const portName: Rule = (text) => [
  ...(text.length > 15 ? ["must be no more than 15 characters"] : []),
  ...(/^[-a-z0-9]+$/.test(text) ? [] : ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
  ...(/[a-z]/.test(text) ? [] : ["must contain at least one letter (a-z)"]),
  ...(text.includes("--") ? ["must not contain consecutive hyphens"] : []),
  ...(text.startsWith("-") || text.endsWith("-") ? ["must not begin or end with a hyphen"] : []),
];

export const portNumber = (port: unknown): string[] =>
  Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535
    ? []
    : ["must be between 1 and 65535, inclusive"];

/** A number or a name of a port. */
export const portNumberOrName = (port: unknown): string[] =>
  typeof port === "string" ? portName(port) : portNumber(port);

const PERCENT = matching(
  "[0-9]+%",
  "a valid percent string must be a numeric string followed by an ending '%'",
  "1%",
  "93%",
);
export const percentage: Rule = PERCENT;

/** A name that fits into one segment of a path. */
export const pathSegment: Rule = (text) => {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"].filter((part) => text.includes(part)).map((part) => `may not contain '${part}'`);
};
