/** Registry credentials as Docker clients write them: `config.json` and the older `.dockercfg`. Pure. */
import { isObject } from "#kit/json.ts";

/**
 * Authorization headers by the keys under which they are written, from `{"auths": {…}}` or, for `.dockercfg`, from the
 * entries alone. A key is a host with an optional port and path, and may have `*` for parts of the host. Throws
 * SyntaxError for what is no JSON. Entries without credentials are left out.
 */
export function parseDockerAuths(text: string, form: "config.json" | ".dockercfg"): [key: string, header: string][] {
  const config = JSON.parse(text) as Record<string, unknown>;
  const entries = form === ".dockercfg" ? config : config.auths;
  return Object.entries(isObject(entries) ? entries : {}).flatMap(([key, entry]) => {
    const header = headerOf(entry);
    return header ? [[key, header] as [string, string]] : [];
  });
}

function headerOf(entry: unknown): string | undefined {
  if (!isObject(entry)) return undefined;
  const { auth, username, password } = entry as Record<string, unknown>;
  if (typeof auth === "string" && auth !== "") return `Basic ${auth}`;
  if (typeof username !== "string" || username === "") return undefined;
  return `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
}
