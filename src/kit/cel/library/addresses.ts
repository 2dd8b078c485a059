/** IP addresses and CIDR blocks. */
import { BlockList } from "node:net";
import { type Cidr, type Ip, mask, parseCidr, parseIp, showIp } from "../../ip.ts";
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import { Opaque } from "../values.ts";

const perTen = (text: string): number => Math.ceil(text.length * 0.1);

const IP_TYPE = "net.IP";
const CIDR_TYPE = "net.CIDR";

function ip(text: string): Opaque<Ip> {
  const parsed = parseIp(text);
  if (!parsed)
    throw new EvaluationError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  return opaqueIp(parsed);
}

function opaqueIp(parsed: Ip): Opaque<Ip> {
  return new Opaque(IP_TYPE, showIp(parsed), parsed);
}

function opaqueCidr(content: Cidr): Opaque<Cidr> {
  return new Opaque(CIDR_TYPE, `${showIp(content.ip)}/${content.prefix}`, content);
}

function cidr(text: string): Opaque<Cidr> {
  const parsed = parseCidr(text);
  if (!parsed)
    throw new EvaluationError(`network address parse error during conversion from string: ${JSON.stringify(text)}`);
  return opaqueCidr(parsed);
}

function containsIp(block: Cidr, { family, value }: Ip): boolean {
  return (
    family === block.ip.family &&
    mask({ ip: { family, value }, prefix: block.prefix }).ip.value === mask(block).ip.value
  );
}

function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return inner.prefix >= outer.prefix && containsIp(outer, inner.ip);
}

const LINK_LOCAL = blocks(["169.254.0.0", 16], ["fe80::", 10]);
const LOOPBACK = blocks(["127.0.0.0", 8], ["::1", 128]);
const LINK_LOCAL_MULTICAST = blocks(["224.0.0.0", 24], ["ff02::", 16]);
const MULTICAST = blocks(["224.0.0.0", 4], ["ff00::", 8]);

function blocks(...nets: [net: string, prefix: number][]): (address: Ip) => boolean {
  const list = new BlockList();
  for (const [net, prefix] of nets) list.addSubnet(net, prefix, net.includes(":") ? "ipv6" : "ipv4");
  return (address) => list.check(showIp(address), address.family === 4 ? "ipv4" : "ipv6");
}

const test = (name: string, check: (address: Ip) => boolean): Overload =>
  define(`{${IP_TYPE}}.${name}(): bool`, ({ content }: Opaque<Ip>) => check(content));

export const ADDRESSES: readonly Overload[] = [
  define(`ip(string): ${IP_TYPE}`, ip, perTen),
  define("isIP(string): bool", (text: string) => parseIp(text) !== undefined, perTen),
  define("ip.isCanonical(string): bool", (text: string) => ip(text).key === text, perTen),
  define(`{${IP_TYPE}}.family(): int`, ({ content }: Opaque<Ip>) => BigInt(content.family)),
  define(`string(${IP_TYPE}): string`, ({ key }: Opaque<Ip>) => key),
  test("isUnspecified", ({ value }) => value === 0n),
  test("isLoopback", LOOPBACK),
  test("isLinkLocalMulticast", LINK_LOCAL_MULTICAST),
  test("isLinkLocalUnicast", LINK_LOCAL),
  test("isGlobalUnicast", (address) => {
    const broadcast = address.family === 4 && address.value === 0xffffffffn;
    return address.value !== 0n && !broadcast && !LOOPBACK(address) && !MULTICAST(address) && !LINK_LOCAL(address);
  }),
  define(`cidr(string): ${CIDR_TYPE}`, cidr, perTen),
  define("isCIDR(string): bool", (text: string) => parseCidr(text) !== undefined, perTen),
  define(`{${CIDR_TYPE}}.containsIP(${IP_TYPE}): bool`, (block: Opaque<Cidr>, address: Opaque<Ip>) =>
    containsIp(block.content, address.content),
  ),
  define(`{${CIDR_TYPE}}.containsIP(string): bool`, (block: Opaque<Cidr>, text: string) =>
    containsIp(block.content, ip(text).content),
  ),
  define(`{${CIDR_TYPE}}.containsCIDR(${CIDR_TYPE}): bool`, (block: Opaque<Cidr>, inner: Opaque<Cidr>) =>
    containsCidr(block.content, inner.content),
  ),
  define(`{${CIDR_TYPE}}.containsCIDR(string): bool`, (block: Opaque<Cidr>, text: string) =>
    containsCidr(block.content, cidr(text).content),
  ),
  define(`{${CIDR_TYPE}}.ip(): ${IP_TYPE}`, ({ content }: Opaque<Cidr>) => opaqueIp(content.ip)),
  define(`{${CIDR_TYPE}}.masked(): ${CIDR_TYPE}`, ({ content }: Opaque<Cidr>) => opaqueCidr(mask(content))),
  define(`{${CIDR_TYPE}}.prefixLength(): int`, ({ content }: Opaque<Cidr>) => BigInt(content.prefix)),
  define(`string(${CIDR_TYPE}): string`, ({ key }: Opaque<Cidr>) => key),
];
