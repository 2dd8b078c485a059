/** IPv4 addresses as numbers, and the routes of this host. Pure but for reading /proc. */
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";

/** A block of addresses: the first one as a number, and how many bits all of them share. */
export type Block = { base: number; bits: number };

export type HostRoute = Block & { device: string };

/** Undefined for anything but a dotted IPv4 address. */
export function parseAddress(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const bytes = match.slice(1).map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** Parses `10.96.0.0/16`. Throws for anything else. */
export function parseBlock(text: string): Block {
  const [address = "", length = ""] = text.split("/");
  const [base, bits] = [parseAddress(address), Number(length)];
  if (base === undefined || !/^\d+$/.test(length) || bits > 32) throw new Error(`${text} is not an IPv4 range`);
  return { base, bits };
}

export function overlaps(left: Block, right: Block): boolean {
  const size = 2 ** (32 - Math.min(left.bits, right.bits));
  return Math.floor(left.base / size) === Math.floor(right.base / size);
}

/** Whether an address is in a range like `10.96.0.0/16`. */
export function isWithin(range: string, address: string): boolean {
  const base = parseAddress(address);
  return base !== undefined && overlaps(parseBlock(range), { base, bits: 32 });
}

/** The routes of the main table but for default routes, of the text of /proc/net/route. */
export function parseRoutes(text: string): HostRoute[] {
  const rows = text.split("\n").slice(1);
  return rows.flatMap((row) => {
    const [device = "", destination = "", , , , , , mask = ""] = row.split("\t");
    const bits = ones(littleEndian(mask));
    return device && bits > 0 ? [{ device, base: littleEndian(destination), bits }] : [];
  });
}

function littleEndian(hexadecimal: string): number {
  return Buffer.from(hexadecimal.padStart(8, "0"), "hex").readUInt32LE();
}

function ones(mask: number): number {
  return mask === 0 ? 0 : Math.clz32(~mask >>> 0);
}

/** What this host sends somewhere else than to its default gateway; empty where that cannot be read. */
export async function hostRoutes(): Promise<HostRoute[]> {
  return parseRoutes(await readFile("/proc/net/route", "utf8").catch(() => ""));
}

/** IPv4 addresses of this host but for loopback ones, and for those of one device. */
export function hostAddresses(but: string): string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([device, list = []]) => (device === but ? [] : list));
  return all.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address);
}

/** The IPv4 address of one device of this host. */
export function addressOfDevice(device: string): string | undefined {
  return networkInterfaces()[device]?.find(({ family }) => family === "IPv4")?.address;
}
