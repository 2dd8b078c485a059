/** Requests to the gateway by address, with the application's host. */
import { Agent, request } from "node:http";

export type Answer = { status: number; body: string };

const agent = new Agent({ keepAlive: true });

/** GET of an application's URL through the gateway on this machine. */
export function get(url: string, timeoutMs = 30_000): Promise<Answer> {
  const { host, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path: pathname, headers: { host }, agent, timeout: timeoutMs },
      (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", reject);
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("timeout")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}
