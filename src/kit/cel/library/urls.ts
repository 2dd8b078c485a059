/** URLs. */
import { parseRequestUri, type Uri } from "../../schema/uri.ts";
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import { LiteralMap, Opaque } from "../values.ts";

const TYPE = "kubernetes.URL";
type Url = Opaque<Uri>;

function url(text: string): Url {
  const parsed = parseRequestUri(text);
  if (!parsed)
    throw new EvaluationError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    );
  return new Opaque(TYPE, text, parsed);
}

function escapedPath({ content }: Url): string {
  return content.path.replace(/[^\w\-.~!$&'()*+,;=:@/%]/gu, (char) => encodeURIComponent(char));
}

function query({ content }: Url): LiteralMap {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(content.query)) values.set(key, [...(values.get(key) ?? []), value]);
  const map = new LiteralMap();
  for (const [key, list] of values) map.add(key, list);
  return map;
}

const perTen = (text: string): number => Math.ceil(text.length * 0.1);

export const URLS: readonly Overload[] = [
  define(`url(string): ${TYPE}`, url, perTen),
  define("isURL(string): bool", (text: string) => parseRequestUri(text) !== undefined, perTen),
  define(`{${TYPE}}.getScheme(): string`, ({ content }: Url) => content.scheme),
  define(`{${TYPE}}.getHost(): string`, ({ content }: Url) => content.host),
  define(`{${TYPE}}.getHostname(): string`, ({ content }: Url) => content.hostname),
  define(`{${TYPE}}.getPort(): string`, ({ content }: Url) => content.port),
  define(`{${TYPE}}.getEscapedPath(): string`, escapedPath),
  define(`{${TYPE}}.getQuery(): map<string,list<string>>`, query),
];
