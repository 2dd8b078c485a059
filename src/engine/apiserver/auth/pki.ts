/** The keys and certificates of one API server, kept in files so that kubeconfigs stay valid over restarts. */
import { X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { issueCertificate, type KeyPair } from "./x509.ts";

export type Pki = {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly admin: KeyPair;
};

type PkiOptions = {
  /** Names and addresses under which the server is reached. */
  hosts: readonly string[];
  now: Date;
  randomBytes: (length: number) => Uint8Array;
};

const AUTHORITY_DAYS = 3650;
const CERTIFICATE_DAYS = 365;
const RENEW_BEFORE_MS = 30 * 86_400_000;

/** Reads what is in `folder` and makes what is missing or about to expire. Files are readable by their owner only. */
export async function loadPki(folder: string, options: PkiOptions): Promise<Pki> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { now, randomBytes, hosts } = options;
  const base = { now, randomBytes };
  const authority = await readOrIssue(folder, "ca", {
    isGood: (pair) => isCurrent(pair, now),
    issue: () =>
      issueCertificate({ ...base, subject: { commonName: "slipway-ca" }, usage: "authority", days: AUTHORITY_DAYS }),
  });
  const isOurs = (pair: KeyPair): boolean =>
    isCurrent(pair, now) && new X509Certificate(pair.cert).verify(new X509Certificate(authority.cert).publicKey);
  const server = await readOrIssue(folder, "server", {
    isGood: (pair) => isOurs(pair) && coversHosts(pair, hosts),
    issue: () =>
      issueCertificate(
        { ...base, subject: { commonName: "slipway-apiserver" }, usage: "server", hosts, days: CERTIFICATE_DAYS },
        authority,
      ),
  });
  const admin = await readOrIssue(folder, "admin", {
    isGood: isOurs,
    issue: () =>
      issueCertificate(
        {
          ...base,
          subject: { commonName: "admin", organizations: ["system:masters"] },
          usage: "client",
          days: CERTIFICATE_DAYS,
        },
        authority,
      ),
  });
  return { authority, server, admin };
}

type Source = { isGood: (pair: KeyPair) => boolean; issue: () => KeyPair };

async function readOrIssue(folder: string, name: string, { isGood, issue }: Source): Promise<KeyPair> {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const found = await readPair(cert, key);
  if (found && isGood(found)) return found;
  const pair = issue();
  await writeSecret(key, pair.key);
  await writeSecret(cert, pair.cert);
  return pair;
}

async function readPair(cert: string, key: string): Promise<KeyPair | undefined> {
  try {
    const pair = { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
    return new X509Certificate(pair.cert).subject ? pair : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a file that only its owner can read, all of it or nothing. */
export async function writeSecret(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function isCurrent({ cert }: KeyPair, now: Date): boolean {
  return new X509Certificate(cert).validToDate.getTime() - now.getTime() > RENEW_BEFORE_MS;
}

function coversHosts({ cert }: KeyPair, hosts: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  return hosts.every((host) => certificate.checkHost(host) ?? certificate.checkIP(host));
}
