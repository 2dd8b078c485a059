/** Bearer tokens: signed by the server's own key, valid for a time. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { jwtVerify, SignJWT } from "jose";
import type { User } from "../wire/request.ts";
import { writeSecret } from "./pki.ts";

const ISSUER = "https://kubernetes.default.svc";
const ALGORITHM = "ES256";

export type Tokens = {
  issue(user: { name: string; groups: readonly string[] }, ttlSeconds: number): Promise<string>;
  /** The user of a valid token; undefined for any other text. */
  authenticate(token: string): Promise<User | undefined>;
};

/** Reads or makes the signing key in `folder`. */
export async function loadTokens(folder: string, clock: () => Date): Promise<Tokens> {
  const key = await loadKey(join(folder, "tokens.key"));
  const verifier = createPublicKey(key);
  return {
    issue: async (user, ttlSeconds) => {
      const now = Math.floor(clock().getTime() / 1000);
      return new SignJWT({ groups: [...user.groups] })
        .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
        .setIssuer(ISSUER)
        .setAudience(ISSUER)
        .setSubject(user.name)
        .setIssuedAt(now)
        .setExpirationTime(now + ttlSeconds)
        .sign(key);
    },
    authenticate: async (token) => {
      try {
        const { payload } = await jwtVerify(token, verifier, {
          issuer: ISSUER,
          audience: ISSUER,
          algorithms: [ALGORITHM],
          currentDate: clock(),
        });
        const groups = Array.isArray(payload.groups) ? payload.groups.filter((group) => typeof group === "string") : [];
        return payload.sub
          ? { username: payload.sub, groups: [...new Set([...groups, "system:authenticated"])] }
          : undefined;
      } catch {
        return undefined;
      }
    },
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
