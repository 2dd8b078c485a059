/** A bare HTTPS client for tests that look at what goes over the wire. */
import { request as requestHttps } from "node:https";
import type { ApiServer } from "#engine/apiserver/start.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";

export type HttpAnswer = {
  code: number;
  type: string;
  body: string;
  bytes: Buffer;
  headers: NodeJS.Dict<string | string[]>;
};
export type HttpCall = {
  method?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  as?: "admin" | "nobody";
};

/** One request on a connection of its own, as cluster administrator or as nobody. */
export function callServer(
  server: ApiServer,
  path: string,
  { method = "GET", body, headers = {}, as = "admin" }: HttpCall = {},
): Promise<HttpAnswer> {
  const { ca, cert, key } = parseKubeconfig(server.kubeconfig());
  return new Promise((resolve, reject) => {
    const identity = as === "admin" ? { cert, key } : {};
    const options = { method, headers, ca, ...identity, agent: false as const };
    const outgoing = requestHttps(server.url + path, options, async (response) => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const bytes = Buffer.concat(chunks);
        const type = response.headers["content-type"] ?? "";
        resolve({ code: response.statusCode ?? 0, type, body: bytes.toString(), bytes, headers: response.headers });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
