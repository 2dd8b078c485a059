/** X.509 certificates on ECDSA P-256: a certificate authority and what it signs. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { bits, boolean, explicit, implicit, integer, octets, oid, sequence, set, time, utf8 } from "./der.ts";

/** A certificate and its private key, both PEM. */
export type KeyPair = { cert: string; key: string };

export type Subject = { commonName: string; organizations?: readonly string[] };

type CertificateOptions = {
  subject: Subject;
  /** Host names and IP addresses of a server certificate. */
  hosts?: readonly string[];
  usage: "authority" | "server" | "client";
  /** Start of validity; a clock that is behind by an hour still accepts the certificate. */
  now: Date;
  days: number;
  randomBytes: (length: number) => Uint8Array;
};

const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
const DAY_MS = 86_400_000;

/** Makes a key and a certificate for it, signed by `issuer`, or by itself when there is none. */
export function issueCertificate(options: CertificateOptions, issuer?: KeyPair): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = issuer ? createPrivateKey(issuer.key) : privateKey;
  const issuerName = issuer ? subjectBytes(issuer.cert) : name(options.subject);
  const start = new Date(options.now.getTime() - 3_600_000);
  const end = new Date(options.now.getTime() + options.days * DAY_MS);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial(options.randomBytes(16))),
    ECDSA_SHA256,
    issuerName,
    sequence(time(start), time(end)),
    name(options.subject),
    publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(...extensions(options, publicKey))),
  );
  const signature = sign("sha256", body, signer);
  const certificate = sequence(body, ECDSA_SHA256, bits(signature));
  return {
    cert: pem("CERTIFICATE", certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function serial(random: Uint8Array): Uint8Array {
  const bytes = Buffer.from(random);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function name({ commonName, organizations = [] }: Subject): Buffer {
  const attribute = (type: string, value: string): Buffer => set(sequence(oid(type), utf8(value)));
  return sequence(...organizations.map((value) => attribute("2.5.4.10", value)), attribute("2.5.4.3", commonName));
}

/** The authority's own name: it is always written by {@link name}, so its text form is enough to write it again. */
function subjectBytes(cert: string): Buffer {
  const subject = parseSubject(new X509Certificate(cert).subject);
  return name(subject);
}

/** Common name and organizations out of the text form that Node gives. */
export function parseSubject(text: string): Required<Subject> {
  const lines = text.split("\n");
  const values = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  return { commonName: values("CN")[0] ?? "", organizations: values("O") };
}

function extensions({ usage, hosts = [] }: CertificateOptions, key: KeyObject): Buffer[] {
  const extension = (id: string, value: Buffer, critical = false): Buffer =>
    sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
  if (usage === "authority")
    return [
      extension("2.5.29.19", sequence(boolean(true)), true),
      extension("2.5.29.15", bits(Buffer.from([0b0000_0110]), 1), true),
      extension("2.5.29.14", octets(keyId(key))),
    ];
  const purpose = usage === "server" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2";
  return [
    extension("2.5.29.19", sequence(), true),
    extension("2.5.29.15", bits(Buffer.from([0b1000_0000]), 7), true),
    extension("2.5.29.37", sequence(oid(purpose))),
    ...(hosts.length > 0 ? [extension("2.5.29.17", sequence(...hosts.map(alternativeName)))] : []),
  ];
}

function keyId(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" }).subarray(-20);
}

function alternativeName(host: string): Buffer {
  if (!isIP(host)) return implicit(2, Buffer.from(host));
  return implicit(7, isIP(host) === 4 ? Buffer.from(host.split(".").map(Number)) : ipv6(host));
}

function ipv6(host: string): Buffer {
  const [head = "", tail] = host.split("::");
  const groups = (text: string): string[] => (text ? text.split(":") : []);
  const [left, right] = [groups(head), groups(tail ?? "")];
  const middle = new Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill("0");
  return Buffer.from(
    [...left, ...middle, ...right].flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
