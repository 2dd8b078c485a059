/** DNS messages as data (RFC 1035, RFC 2782, RFC 6891). */

/** Labels from left to right, without the root; each character is one byte. */
export type Name = readonly string[];

/** Numbers of record types. */
export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const;
export const CLASS_IN = 1;
export const RCODE = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  noName: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
};

export type Question = { name: Name; type: number; class: number };

export type RecordData =
  | { type: "A" | "AAAA"; address: string }
  | { type: "CNAME" | "NS" | "PTR"; target: Name }
  | { type: "SRV"; priority: number; weight: number; port: number; target: Name }
  | { type: "TXT"; texts: readonly string[] }
  | {
      type: "SOA";
      server: Name;
      mailbox: Name;
      serial: number;
      refresh: number;
      retry: number;
      expire: number;
      minimum: number;
    }
  /** Anything else, as it is on the wire. */
  | { type: "other"; code: number; bytes: Uint8Array };

/** A record of class IN. `ttl` in seconds. */
export type ResourceRecord = { name: Name; ttl: number; data: RecordData };

export type Message = {
  id: number;
  isResponse: boolean;
  opcode: number;
  authoritative: boolean;
  truncated: boolean;
  recursionDesired: boolean;
  recursionAvailable: boolean;
  /** With EDNS more than 15 is possible. */
  rcode: number;
  questions: readonly Question[];
  answers: readonly ResourceRecord[];
  authorities: readonly ResourceRecord[];
  additionals: readonly ResourceRecord[];
  /** EDNS(0): how large a datagram the sender takes. */
  edns?: { udpSize: number; version: number };
};

/** `web.default.svc.cluster.local` as labels, in lower case. For names of ours; those of others come as labels. */
export function nameOf(text: string): Name {
  return text.toLowerCase().split(".").filter(Boolean);
}

const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;

/** Whether DNS has room for it: labels of 1 to 63 bytes, all of it in 255. */
export function isName(labels: Name): boolean {
  const size = labels.reduce((sum, label) => sum + label.length + 1, 1);
  return size <= LONGEST_NAME && labels.every(({ length }) => length > 0 && length <= LONGEST_LABEL);
}

/** The same name in lower case: names are equal whatever their case. */
export function lowerCase(name: Name): Name {
  return name.map((label) => label.toLowerCase());
}
