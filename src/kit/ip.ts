/** IP addresses and ranges of them as numbers. */
import { isIP } from "node:net";

export type Ip = { family: 4 | 6; value: bigint };

/** The address that a text is, undefined when it is none. Strict: no zones, no leading zeros, no IPv4 inside IPv6. */
export function parseIp(text: string): Ip | undefined {
  const family = isIP(text);
  if (family === 4) return { family, value: text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  if (family !== 6 || text.includes("%") || text.includes(".")) return undefined;
  const [head = "", tail] = text.split("::");
  const groups = (part: string): string[] => (part ? part.split(":") : []);
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(zeros).fill("0"), ...groups(tail ?? "")];
  const value = all.reduce((sum, part) => sum * 65536n + BigInt(`0x${part}`), 0n);
  return value >> 32n === 0xffffn ? undefined : { family, value };
}

/** In the shortest notation: RFC 5952. */
export function showIp({ family, value }: Ip): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16));
  const text = groups.join(":");
  const [longest] = [...text.matchAll(/\b0(?::0)+\b/g)].sort(([left], [right]) => right.length - left.length);
  if (!longest) return text;
  const end = longest.index + longest[0].length;
  return `${text.slice(0, longest.index).replace(/:$/, "")}::${text.slice(end).replace(/^:/, "")}`;
}

/** An address, and how many of its first bits make up the range. */
export type Cidr = { ip: Ip; prefix: number };

/** The range that a text is in CIDR notation, undefined when it is none. Strict as {@link parseIp}. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = match && parseIp(match[1] ?? "");
  const prefix = Number(match?.[2]);
  return address && prefix <= (address.family === 4 ? 32 : 128) ? { ip: address, prefix } : undefined;
}

/** The range with the address that it begins with. */
export function mask({ ip: { family, value }, prefix }: Cidr): Cidr {
  const rest = BigInt((family === 4 ? 32 : 128) - prefix);
  return { ip: { family, value: (value >> rest) << rest }, prefix };
}
