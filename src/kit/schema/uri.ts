/** Request URIs as Go's net/url reads them. */

export type Uri = { scheme: string; host: string; hostname: string; port: string; path: string; query: string };

const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/;
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;

/** An absolute URI or an absolute path; undefined when the text is neither. */
export function parseRequestUri(text: string): Uri | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\x00-\x20\x7f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  if (text.startsWith("/")) {
    const [, path = "", query = ""] = /^([^?]*)\??(.*)$/.exec(text) ?? [];
    return { scheme: "", host: "", hostname: "", port: "", path, query };
  }
  const match = ABSOLUTE.exec(text);
  if (!match) return undefined;
  const [, scheme = "", authority = "", path = "", query = ""] = match;
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const parts = HOST.exec(host);
  if (!parts || /[<>"\\^`{|}]/.test(host)) return undefined;
  const [, name = "", port = ""] = parts;
  return { scheme: scheme.toLowerCase(), host, hostname: name.replace(/^\[|\]$/g, ""), port, path, query };
}
