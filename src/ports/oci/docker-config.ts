/** Registry credentials as Docker clients write them: `config.json` and the older `.dockercfg`. Pure. */
import { isObject } from "#kit/json.ts";

const DOCKER_HUB = new Set(["index.docker.io", "registry-1.docker.io", "docker.io"]);

/**
 * Authorization headers by host (`host[:port]`), from `{"auths": {…}}` or, for `.dockercfg`, from the entries alone.
 * Throws SyntaxError for what is no JSON. Entries without credentials are left out.
 */
export function parseDockerConfig(text: string, form: "config.json" | ".dockercfg"): Map<string, string> {
  return new Map(parseDockerAuths(text, form).map(([key, header]) => [registryHost(key), header]));
}

/** Like {@link parseDockerConfig}, with the keys as they are written: they may hold a path, and `*` for parts of the host. */
export function parseDockerAuths(text: string, form: "config.json" | ".dockercfg"): [key: string, header: string][] {
  const config = JSON.parse(text) as Record<string, unknown>;
  const entries = form === ".dockercfg" ? config : config.auths;
  return Object.entries(isObject(entries) ? entries : {}).flatMap(([key, entry]) => {
    const header = headerOf(entry);
    return header ? [[key, header] as [string, string]] : [];
  });
}

/** The host that credentials are filed under: all names of Docker Hub are one; keys may be URLs as `docker login` writes them. */
export function registryHost(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/")[0] ?? key;
  return DOCKER_HUB.has(host) ? "docker.io" : host;
}

function headerOf(entry: unknown): string | undefined {
  if (!isObject(entry)) return undefined;
  const { auth, username, password } = entry as Record<string, string | undefined>;
  const encoded = auth ?? (username ? Buffer.from(`${username}:${password ?? ""}`).toString("base64") : undefined);
  return encoded ? `Basic ${encoded}` : undefined;
}
