/** Headers on their way through the gateway, as flat name-value lists: pure. */

/** Headers of one connection (RFC 9110 §7.6.1), which a proxy does not pass on. */
const HOP_BY_HOP = new Set(
  "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade".split(
    " ",
  ),
);
/** Headers with which Knative's own parts talk to each other: applications never see them from outside. */
const INTERNAL = /^(knative-serving-|k-network-|k-proxy-|k-kubelet-|k-passthrough-)/;

export type Forwarding = {
  clientAddress: string;
  host: string;
  rewriteHost?: string | undefined;
  /** Whether the request has a body of unknown length. */
  chunked: boolean;
  append: readonly (Readonly<Record<string, string>> | undefined)[];
};

/** The headers for the application. */
export function requestHeaders(raw: readonly string[], forwarding: Forwarding): string[] {
  const headers: string[] = [];
  const named = connectionNames(raw);
  let [forwardedFor, proto] = ["", "http"];
  for (let at = 0; at < raw.length; at += 2) {
    const [name = "", value = ""] = [raw[at], raw[at + 1]];
    const lower = name.toLowerCase();
    if (lower === "x-forwarded-for") forwardedFor += `${value}, `;
    else if (lower === "x-forwarded-proto") proto = value;
    else if (lower === "host" || lower === "forwarded" || HOP_BY_HOP.has(lower)) continue;
    else if (!INTERNAL.test(lower) && !named.has(lower)) headers.push(name, value);
  }
  const client = forwarding.clientAddress.replace(/^::ffff:/, "");
  const host = forwarding.rewriteHost ?? forwarding.host;
  headers.push("Host", host, "X-Forwarded-For", `${forwardedFor}${client}`, "X-Forwarded-Proto", proto);
  headers.push("Forwarded", `for=${quoted(client)};host=${quoted(forwarding.host)};proto=${proto}`);
  if (forwarding.chunked) headers.push("Transfer-Encoding", "chunked");
  for (const extra of forwarding.append)
    for (const [name, value] of Object.entries(extra ?? {})) headers.push(name, value);
  return headers;
}

/** The headers for the client. */
export function responseHeaders(raw: readonly string[]): string[] {
  const headers: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const [name = "", value = ""] = [raw[at], raw[at + 1]];
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.push(name, value);
  }
  return headers;
}

/** Names that the Connection header lists: they too belong to one connection. */
function connectionNames(raw: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (let at = 0; at < raw.length; at += 2)
    if (raw[at]?.toLowerCase() === "connection")
      for (const name of (raw[at + 1] ?? "").split(",")) names.add(name.trim().toLowerCase());
  return names;
}

/** RFC 7239: values with a colon or bracket are quoted; IPv6 addresses are bracketed. */
function quoted(value: string): string {
  const node = value.includes(":") && !/^\[|:\d+$/.test(value) ? `[${value}]` : value;
  return /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(node) ? node : `"${node.replace(/["\\]/g, "\\$&")}"`;
}
