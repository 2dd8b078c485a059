import { deepEqual, equal, ok } from "node:assert/strict";
import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { encode, integer, oid, time } from "./der.ts";
import { loadPki } from "./pki.ts";
import { loadTokens } from "./tokens.ts";
import { issueCertificate, parseSubject } from "./x509.ts";

const now = new Date("2026-03-01T12:00:00Z");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const ENCODINGS: [title: string, bytes: Buffer, expected: string][] = [
  ["short length", encode(0x04, Buffer.from("a")), "040161"],
  ["long length", encode(0x04, Buffer.alloc(200)).subarray(0, 3), "0481c8"],
  ["longer length", encode(0x04, Buffer.alloc(300)).subarray(0, 4), "0482012c"],
  ["integer with high bit", integer(Buffer.from([0x80])), "02020080"],
  ["integer with leading zeros", integer(Buffer.from([0, 0, 5])), "020105"],
  ["zero", integer(Buffer.from([0])), "020100"],
  ["object identifier", oid("1.2.840.10045.4.3.2"), "06082a8648ce3d040302"],
  ["time before 2050", time(new Date("2049-12-31T23:59:59Z")), `170d${hex(Buffer.from("491231235959Z"))}`],
  ["time from 2050 on", time(new Date("2050-01-01T00:00:00Z")), `180f${hex(Buffer.from("20500101000000Z"))}`],
];

for (const [title, bytes, expected] of ENCODINGS) test(`encodes: ${title}`, () => equal(hex(bytes), expected));

test("issues an authority, server and client certificates that Node accepts", () => {
  const base = { now, randomBytes };
  const authority = issueCertificate({ ...base, subject: { commonName: "ca" }, usage: "authority", days: 10 });
  const hosts = ["localhost", "example.dev", "127.0.0.1", "::1", "2001:db8::5:1"];
  const server = issueCertificate(
    { ...base, subject: { commonName: "api" }, usage: "server", hosts, days: 5 },
    authority,
  );
  const subject = { commonName: "admin", organizations: ["system:masters", "team"] };
  const client = issueCertificate({ ...base, subject, usage: "client", days: 5 }, authority);
  const [ca, api, admin] = [authority, server, client].map(({ cert }) => new X509Certificate(cert));
  ok(ca && api && admin);
  ok(ca.ca && ca.verify(ca.publicKey));
  for (const certificate of [api, admin]) {
    ok(certificate.verify(ca.publicKey) && certificate.checkIssued(ca) && !certificate.ca);
  }
  for (const host of hosts) ok(api.checkHost(host) ?? api.checkIP(host), host);
  equal(api.checkHost("other.dev"), undefined);
  deepEqual(parseSubject(admin.subject), subject);
  ok(admin.checkPrivateKey(createPrivateKey(client.key)));
  deepEqual([api.validFromDate, api.validToDate], [new Date("2026-03-01T11:00:00Z"), new Date("2026-03-06T12:00:00Z")]);
  deepEqual(api.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
});

test("keeps keys over restarts, renews what is broken, old or for other hosts", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-pki-"));
  try {
    const options = { hosts: ["localhost"], now, randomBytes };
    const first = await loadPki(folder, options);
    equal((await stat(join(folder, "ca.key"))).mode & 0o777, 0o600);
    deepEqual(await loadPki(folder, options), first);
    const moved = await loadPki(folder, { ...options, hosts: ["localhost", "10.0.0.1"] });
    deepEqual([moved.authority, moved.admin], [first.authority, first.admin]);
    ok(moved.server.cert !== first.server.cert);
    const later = await loadPki(folder, { ...options, now: new Date("2027-02-20T00:00:00Z") });
    ok(later.authority.cert === first.authority.cert && later.admin.cert !== first.admin.cert);
    await writeFile(join(folder, "admin.crt"), "broken");
    ok(
      new X509Certificate((await loadPki(folder, options)).admin.cert).verify(
        new X509Certificate(first.authority.cert).publicKey,
      ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("issues tokens that are good until they expire, and only with this key", async () => {
  const [folder, other] = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), "slipway-tokens-"))));
  ok(folder && other);
  try {
    let at = now;
    const tokens = await loadTokens(folder, () => at);
    const token = await tokens.sign({ sub: "someone", aud: ["here", "there"] }, 60);
    const claims = await tokens.verify(token);
    deepEqual(
      [claims?.sub, claims?.aud, Number(claims?.exp) - Number(claims?.iat)],
      ["someone", ["here", "there"], 60],
    );
    deepEqual(await (await loadTokens(folder, () => at)).verify(token), claims);
    equal(await (await loadTokens(other, () => at)).verify(token), undefined);
    equal(await tokens.verify(`${token.slice(0, -4)}AAAA`), undefined);
    equal(await tokens.verify("nonsense"), undefined);
    at = new Date(now.getTime() + 61_000);
    equal(await tokens.verify(token), undefined);
  } finally {
    await Promise.all([folder, other].map((path) => rm(path, { recursive: true, force: true })));
  }
});
