/** Links in what a proxied server answers: they have to lead back through the proxy. */
import { Transform } from "node:stream";

export type ProxyPlace = {
  /** What the paths of the proxied server are below. Without a slash at its end. */
  prefix: string;
  /** Host names that mean the proxied server. */
  hosts: readonly string[];
};

/** A link as it has to be for the client. Relative links and links to other servers stay. */
export function rewriteLink(link: string, { prefix, hosts }: ProxyPlace): string {
  const [, host, path = ""] = /^(?:https?:)?\/\/([^/?#]*)(.*)$/s.exec(link) ?? [];
  if (host === undefined) return link.startsWith("/") ? below(prefix, link) : link;
  if (!hosts.includes(host)) return link;
  return below(prefix, path.startsWith("/") ? path : `/${path}`);
}

function below(prefix: string, path: string): string {
  return path === prefix || path.startsWith(`${prefix}/`) ? path : `${prefix}${path}`;
}

/** The HTML elements, and their attributes, that hold links. */
const TAGS =
  /<(?:a|area|audio|base|blockquote|body|button|del|embed|form|frame|head|html|iframe|img|input|ins|link|object|q|script|source|video)\s[^>]*>/gi;
const LINKS =
  /(\s(?:action|background|cite|codebase|data|formaction|href|icon|longdesc|manifest|poster|profile|src|usemap)\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi;
const MAX_TAG_LENGTH = 64 << 10;

/** Rewrites the links of an HTML document that comes in pieces. */
export function htmlRewriter(place: ProxyPlace): Transform {
  let held = "";
  const rewrite = (html: string): Buffer => Buffer.from(html.replace(TAGS, rewriteTag), "latin1");
  const rewriteTag = (tag: string): string =>
    tag.replace(LINKS, (_all, head: string, value: string) => head + rewriteQuoted(value, place));
  return new Transform({
    transform: (chunk: Buffer, _encoding, callback) => {
      held += chunk.toString("latin1");
      const open = held.lastIndexOf("<");
      const isWhole = open < 0 || held.indexOf(">", open) >= 0 || held.length - open > MAX_TAG_LENGTH;
      const ready = isWhole ? held : held.slice(0, open);
      held = isWhole ? "" : held.slice(open);
      callback(null, rewrite(ready));
    },
    flush: (callback) => callback(null, rewrite(held)),
  });
}

function rewriteQuoted(value: string, place: ProxyPlace): string {
  const quote = /^["']/.exec(value)?.[0] ?? "";
  return `${quote}${rewriteLink(value.slice(quote.length, value.length - quote.length), place)}${quote}`;
}
