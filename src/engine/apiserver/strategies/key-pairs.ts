/** Certificates and private keys that do not go together. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Secret } from "#api/builtin/types.gen.ts";

const BLOCK = /-----BEGIN [^-]+-----/;

/** A warning about the certificate and the key of a secret for TLS that a server could not start with. */
export function warnOfKeyPair({ type, data }: Secret): string[] {
  const [certificate, key] = [data?.["tls.crt"], data?.["tls.key"]];
  if (type !== "kubernetes.io/tls" || certificate === undefined || key === undefined) return [];
  const problem = problemOf(Buffer.from(certificate, "base64"), Buffer.from(key, "base64"));
  return problem === undefined ? [] : [`tls: ${problem}`];
}

function problemOf(certificate: Buffer, key: Buffer): string | undefined {
  if (!BLOCK.test(certificate.toString("latin1"))) return "failed to find any PEM data in certificate input";
  if (!BLOCK.test(key.toString("latin1"))) return "failed to find any PEM data in key input";
  try {
    const isPair = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return isPair ? undefined : "private key does not match public key";
  } catch {
    return "failed to parse certificate or private key";
  }
}
