/** URLs taken apart and put together as Go does it. */
import { quote } from "../bytes.ts";
import { Fault, named } from "../errors.ts";
import { escapeUrl, unescapeUrl } from "./url-escape.ts";

export type UserInfo = { readonly name: string; readonly password: string | undefined };
export type ParsedUrl = {
  readonly scheme: string;
  readonly opaque: string;
  readonly user: UserInfo | undefined;
  readonly host: string;
  readonly hasAuthority: boolean;
  /** As written. */
  readonly path: string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
};

/** Throws Fault worded as by Go. */
export function parseUrl(text: string): ParsedUrl {
  return named(`parse ${quote(text)}`, () => parse(text));
}

function parse(text: string): ParsedUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\x00-\x1f\x7f]/.test(text)) throw new Fault("net/url: invalid control character in URL");
  const [beforeFragment = "", fragment] = splitOnce(text, "#");
  const { scheme, rest } = splitScheme(beforeFragment);
  const [hierarchy = "", query] = splitOnce(rest, "?");
  const base = { scheme, query, fragment: fragment === undefined ? undefined : unescapeUrl(fragment, "fragment") };
  if (!hierarchy.startsWith("/") && scheme !== "")
    return { ...base, opaque: hierarchy, user: undefined, host: "", hasAuthority: false, path: "" };
  if (!hierarchy.startsWith("/") && /^[^/]*:/.test(hierarchy))
    throw new Fault("first path segment in URL cannot contain colon");
  const hasAuthority = hierarchy.startsWith("//") && !hierarchy.startsWith("///");
  const end = hasAuthority ? hierarchy.indexOf("/", 2) : 0;
  const authority = hasAuthority ? hierarchy.slice(2, end < 0 ? undefined : end) : "";
  const path = hasAuthority ? (end < 0 ? "" : hierarchy.slice(end)) : hierarchy;
  unescapeUrl(path, "path");
  return { ...base, opaque: "", ...parseAuthority(authority), hasAuthority: hierarchy.startsWith("//"), path };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function splitScheme(text: string): { scheme: string; rest: string } {
  if (text.startsWith(":")) throw new Fault("missing protocol scheme");
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
  if (!match?.[1]) return { scheme: "", rest: text };
  return { scheme: match[1].toLowerCase(), rest: text.slice(match[0].length) };
}

function parseAuthority(authority: string): { user: UserInfo | undefined; host: string } {
  const at = authority.lastIndexOf("@");
  const host = authority.slice(at + 1);
  const port = /:([^:\]]*)$/.exec(host.startsWith("[") ? host.slice(host.lastIndexOf("]") + 1) : host)?.[1];
  if (host.startsWith("[") && !host.includes("]")) throw new Fault("missing ']' in host");
  if (port !== undefined && !/^\d*$/.test(port)) throw new Fault(`invalid port ${quote(`:${port}`)} after host`);
  if (/ /.test(host)) throw new Fault(`invalid character " " in host name`);
  if (at < 0) return { user: undefined, host: unescapeUrl(host, "host") };
  const info = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(info)) throw new Fault("net/url: invalid userinfo");
  const [name, password] = splitOnce(info, ":");
  return {
    user: {
      name: unescapeUrl(name, "user"),
      password: password === undefined ? undefined : unescapeUrl(password, "user"),
    },
    host: unescapeUrl(host, "host"),
  };
}

export function userText({ name, password }: UserInfo): string {
  return password === undefined ? escapeUrl(name, "user") : `${escapeUrl(name, "user")}:${escapeUrl(password, "user")}`;
}

export function formatUrl(url: ParsedUrl): string {
  let text = url.scheme === "" ? "" : `${url.scheme}:`;
  if (url.opaque !== "") text += url.opaque;
  else {
    if (url.hasAuthority || url.host !== "" || url.user) text += "//";
    if (url.user) text += `${userText(url.user)}@`;
    text += escapeUrl(url.host, "host") + path(url);
  }
  if (url.query !== undefined) text += `?${url.query}`;
  return url.fragment === undefined || url.fragment === "" ? text : `${text}#${escapeUrl(url.fragment, "fragment")}`;
}

/** The path as written when it is a valid encoding of itself. */
function path({ path: written }: ParsedUrl): string {
  const valid = /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]/]|%[0-9a-fA-F]{2})*$/.test(written);
  return valid ? written : escapeUrl(unescapeUrl(written, "path"), "path");
}

/** Host without port and brackets. */
export function hostnameOf({ host }: ParsedUrl): string {
  if (host.startsWith("[")) return host.slice(1, host.indexOf("]"));
  const colon = host.lastIndexOf(":");
  return colon >= 0 && /^\d*$/.test(host.slice(colon + 1)) ? host.slice(0, colon) : host;
}
