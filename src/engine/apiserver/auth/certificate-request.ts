/** Reads PKCS #10 certificate requests (RFC 2986), as far as somebody has to know what they ask for. */

/** One block of a PEM text. */
export type PemBlock = { label: string; bytes: Buffer };

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\s+([A-Za-z0-9+/=\s]*)-----END \1-----/g;

/** The blocks of a PEM text, in order; what stands around them is skipped. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([, label = "", body = ""]) => ({ label, bytes: Buffer.from(body, "base64") }));
}

type Element = { tag: number; body: Buffer; rest: Buffer };

const INTEGER = 0x02;
const OBJECT_IDENTIFIER = 0x06;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;
const SET = 0x31;
/** 2.5.4.10 */
const ORGANIZATION = Buffer.from([0x55, 0x04, 0x0a]);

/** The organizations in the subject of a DER-encoded request. Throws SyntaxError when it is none. */
export function requestedOrganizations(der: Buffer): string[] {
  const request = read(der, SEQUENCE);
  if (request.rest.length > 0) throw new SyntaxError("asn1: syntax error: trailing data");
  const info = read(request.body, SEQUENCE);
  read(read(info.rest, SEQUENCE).rest, BIT_STRING);
  const subject = read(read(info.body, INTEGER).rest, SEQUENCE);
  read(subject.rest, SEQUENCE);
  return elements(subject.body, SET).flatMap((names) => elements(names, SEQUENCE).flatMap(organization));
}

function organization(attribute: Buffer): string[] {
  const type = read(attribute, OBJECT_IDENTIFIER);
  const value = read(type.rest);
  return type.body.equals(ORGANIZATION) ? [value.body.toString()] : [];
}

function elements(bytes: Buffer, tag: number): Buffer[] {
  const found: Buffer[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const element = read(rest, tag);
    found.push(element.body);
    rest = element.rest;
  }
  return found;
}

/** The first element of some bytes: a tag, a length of up to four bytes, and the content. */
function read(bytes: Buffer, wanted?: number): Element {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined) throw new SyntaxError("asn1: syntax error: sequence truncated");
  if (wanted !== undefined && tag !== wanted) throw new SyntaxError("asn1: structure error: tags don't match");
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || more > 4 || bytes.length < 2 + more)
    throw new SyntaxError("asn1: structure error: length is not understood");
  const length = more === 0 ? first : bytes.readUIntBE(2, more);
  const end = 2 + more + length;
  if (bytes.length < end) throw new SyntaxError("asn1: syntax error: data truncated");
  return { tag, body: bytes.subarray(2 + more, end), rest: bytes.subarray(end) };
}
