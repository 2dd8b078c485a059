/** A bare HTTPS client: what it costs is small and the same for every server that is measured. */
import { Agent, request as requestHttps } from "node:https";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";

export type Answer = { status: number; body: Buffer };
export type Call = { method?: string; body?: unknown; type?: string; accept?: string };

export const MERGE = "application/merge-patch+json";
export const APPLY = "application/apply-patch+yaml";

export class Client {
  private readonly base: URL;
  private readonly tls: { ca: string; cert: string; key: string };
  private agent: Agent;

  constructor(kubeconfig: string) {
    const { server, ca = "", cert = "", key = "" } = parseKubeconfig(kubeconfig);
    this.base = new URL(server);
    this.tls = { ca, cert, key };
    this.agent = this.pool(64);
  }

  /** Gives up all connections and allows so many from now on. */
  connections(count: number): void {
    this.agent.destroy();
    this.agent = this.pool(count);
  }

  close(): void {
    this.agent.destroy();
  }

  call(path: string, { method = "GET", body, type = "application/json", accept = "application/json" }: Call = {}) {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = { accept, ...(payload && { "content-type": type, "content-length": payload.length }) };
    return new Promise<Answer>((resolve, reject) => {
      const outgoing = requestHttps(new URL(path, this.base), { method, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
        response.on("error", reject);
      });
      outgoing.on("error", reject);
      outgoing.end(payload);
    });
  }

  /** Opens a watch on a connection of its own; resolves when it has begun, with the way to end it. */
  watch(path: string, onLine: (line: string, now: number) => void): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const outgoing = requestHttps(new URL(path, this.base), { agent: false, ...this.tls }, (response) => {
        let rest = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          const now = performance.now();
          const lines = (rest + text).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) onLine(line, now);
        });
        response.on("error", () => {});
        resolve(() => outgoing.destroy());
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  private pool(count: number): Agent {
    return new Agent({ keepAlive: true, maxSockets: count, maxFreeSockets: count, ...this.tls });
  }
}
