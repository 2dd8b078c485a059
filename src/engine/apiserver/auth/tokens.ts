/** Bearer tokens: JSON Web Tokens signed by the server's own key, and the documents by which others can check them. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { writeSecret } from "./pki.ts";

/** Who signs the tokens, and the audience of those that are meant for this server. */
export const ISSUER = "https://kubernetes.default.svc";

const ALGORITHM = "ES256";
const REMEMBERED = 512;

export type Claims = JWTPayload;

export type Tokens = {
  /** Signs the claims; `iss`, `iat`, `nbf` and `exp` are filled in. */
  sign(claims: Claims & { sub: string; aud: readonly string[] }, ttlSeconds: number): Promise<string>;
  /** The claims of a token that this key has signed and that has not expired; undefined for any other text. */
  verify(token: string): Promise<Claims | undefined>;
  /** The document at /openid/v1/jwks. */
  keySet(): Promise<object>;
};

/** Reads or makes the signing key in `folder`. */
export async function loadTokens(folder: string, clock: () => Date): Promise<Tokens> {
  const key = await loadKey(join(folder, "tokens.key"));
  const publicKey = createPublicKey(key);
  const kid = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
  const verified = new Map<string, Claims>();
  const seconds = (): number => Math.floor(clock().getTime() / 1000);
  return {
    sign: ({ aud, ...claims }, ttlSeconds) =>
      new SignJWT({
        aud: [...aud],
        ...claims,
        iss: ISSUER,
        iat: seconds(),
        nbf: seconds(),
        exp: seconds() + ttlSeconds,
      })
        .setProtectedHeader({ alg: ALGORITHM, kid })
        .sign(key),
    verify: async (token) => {
      const known = verified.get(token);
      if (known) {
        if ((known.exp ?? 0) > seconds()) return known;
        verified.delete(token);
        return undefined;
      }
      const claims = await read(token, publicKey, clock());
      if (!claims) return undefined;
      if (verified.size >= REMEMBERED) verified.delete(verified.keys().next().value ?? "");
      verified.set(token, claims);
      return claims;
    },
    keySet: async () => ({ keys: [{ ...(await exportJWK(publicKey)), use: "sig", kid, alg: ALGORITHM }] }),
  };
}

async function read(token: string, key: KeyObject, now: Date): Promise<Claims | undefined> {
  try {
    return (await jwtVerify(token, key, { issuer: ISSUER, algorithms: [ALGORITHM], currentDate: now })).payload;
  } catch {
    return undefined;
  }
}

/** The document at /.well-known/openid-configuration of the server at `url`. */
export function discoveryDocument(url: string): object {
  return {
    issuer: ISSUER,
    jwks_uri: `${url}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [ALGORITHM],
  };
}

async function loadKey(file: string): Promise<KeyObject> {
  try {
    return createPrivateKey(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      throw new Error(`${file} is not a private key: restore it, or delete it to invalidate all tokens`, {
        cause: error,
      });
  }
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeSecret(file, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  return privateKey;
}
