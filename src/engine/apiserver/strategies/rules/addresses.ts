/** IP addresses and ranges of them. */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { mask, parseCidr, parseIp, showIp } from "#kit/ip.ts";

const LEADING_ZERO = /(?<![\d:])0+(?=\d)/g;
const MAPPED = /^::ffff:\d/i;

/** Why a text is not an IP address; an empty list when it is one. */
export function ipAddress(text: string): string[] {
  if (parseIp(text)) return [];
  if (!isLooseAddress(text)) return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
  return [isMapped(text) ? "must not be an IPv4-mapped IPv6 address" : "must not have leading 0s"];
}

/** True for an IP address, and for one in a notation that programs read in different ways. */
export function isLooseAddress(text: string): boolean {
  return isMapped(text) || parseIp(withoutZeros(text)) !== undefined;
}

/** Why a text is not a range of addresses in CIDR notation; an empty list when it is one. */
export function cidr(text: string): string[] {
  const range = parseCidr(text);
  if (range) return mask(range).ip.value === range.ip.value ? [] : ["must not have bits set beyond the prefix length"];
  if (isMapped(text.split("/")[0] ?? "")) return ["must not have an IPv4-mapped IPv6 address"];
  return parseCidr(withoutZeros(text))
    ? ["must not have leading 0s in IP or prefix length"]
    : ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];
}

/** True for an IPv4 address in the clothes of an IPv6 address. */
export function isMapped(address: string): boolean {
  return isIPv6(address) && MAPPED.test(address);
}

function withoutZeros(text: string): string {
  return text.replaceAll(LEADING_ZERO, "");
}

/** An address in its shortest notation: RFC 5952. */
export function canonical(address: string): string {
  const parsed = parseIp(address);
  return parsed ? showIp(parsed) : address;
}

/** True when a range lies within a larger one; both are in CIDR notation. */
export function isSubnet(part: string, whole: string): boolean {
  const [address = "", bits = ""] = part.split("/");
  const [outer = "", outerBits = ""] = whole.split("/");
  if (Number(bits) <= Number(outerBits) || isIPv4(address) !== isIPv4(outer)) return false;
  return isWithin(address, whole);
}

/** True when an address is of a range in CIDR notation. */
function isWithin(address: string, range: string): boolean {
  const [network = "", bits = ""] = range.split("/");
  const family = isIPv6(network) ? "ipv6" : "ipv4";
  if ((family === "ipv6") !== isIPv6(address)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
}

type Special = readonly [why: string, ...ranges: string[]];

const LOOPBACK: Special = ["may not be in the loopback range (127.0.0.0/8, ::1/128)", "127.0.0.0/8", "::1/128"];
const SPECIAL: readonly Special[] = [
  ["may not be unspecified (0.0.0.0 or ::)", "0.0.0.0/32", "::/128"],
  ["may not be in the link-local range (169.254.0.0/16, fe80::/10)", "169.254.0.0/16", "fe80::/10"],
  ["may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)", "224.0.0.0/24", "ff02::/10"],
];

function reasons(specials: readonly Special[], address: string): string[] {
  return specials.flatMap(([why, ...ranges]) => (ranges.some((range) => isWithin(address, range)) ? [why] : []));
}

/** Why an address cannot be that of a program; an empty list when it can. Programs may be on this machine. */
export function unreachable(address: string): string[] {
  return reasons(SPECIAL, address);
}

/** Why an address cannot be that of another machine; an empty list when it can. */
export function unreachableOutside(address: string): string[] {
  return reasons([LOOPBACK, ...SPECIAL], address);
}

/** A warning about an IPv6 address at a path, or a range of such, that could be written shorter. */
export function warnOfNotation(text: string, path: string): string[] {
  const [address = "", bits] = text.split("/");
  if (!isIPv6(address)) return [];
  const shortest = canonical(address);
  if (shortest === address) return [];
  const [what, better] = bits === undefined ? ["address", shortest] : ["CIDR value", `${shortest}/${bits}`];
  return [`${path}: IPv6 ${what} "${text}" should be in RFC 5952 canonical format ("${better}")`];
}
