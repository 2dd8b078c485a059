/** `@ytt:md5` and `@ytt:sha256`. */
import { createHash } from "node:crypto";
import { asString, makeModule, only } from "./define.ts";

function digest(algorithm: "md5" | "sha256", bytes: string): string {
  return createHash(algorithm).update(Buffer.from(bytes, "latin1")).digest("hex");
}

export const MD5 = makeModule("md5", { sum: (call) => digest("md5", asString(only(call))) });
export const SHA256 = makeModule("sha256", { sum: (call) => digest("sha256", asString(only(call))) });
