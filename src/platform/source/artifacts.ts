/** Serves artifacts under the URLs that GitRepositories give for them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export type ArtifactLookup = {
  /** The blob of the artifact for a commit; undefined when there is none. */
  find: (namespace: string, name: string, commit: string) => Promise<{ digest: string; size: number } | undefined>;
  open: (digest: string) => Readable;
};

const ROUTE = /^\/artifacts\/gitrepository\/([a-z0-9.-]+)\/([a-z0-9.-]+)\/([0-9a-f]{40})\.tar\.gz$/;

/** The path of an artifact on the front door. */
export function artifactPath(namespace: string, name: string, commit: string): string {
  return `/artifacts/gitrepository/${namespace}/${name}/${commit}.tar.gz`;
}

/** A handler for paths below `/artifacts/gitrepository/`; it answers false when the path is not its own. */
export function serveArtifacts(
  lookup: ArtifactLookup,
): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  return async (req, res) => {
    const path = req.url?.split("?")[0] ?? "";
    if (!path.startsWith("/artifacts/gitrepository/")) return false;
    if (req.method !== "GET" && req.method !== "HEAD") return refuse(res, 405, "artifacts can only be read");
    const [, namespace, name, commit] = ROUTE.exec(path) ?? [];
    const found = namespace && name && commit ? await lookup.find(namespace, name, commit) : undefined;
    if (!found)
      return refuse(res, 404, "no artifact for this commit: look at status.artifact.url of the GitRepository");
    const headers = { "content-type": "application/gzip", "content-length": found.size, etag: `"${found.digest}"` };
    res.writeHead(200, headers);
    if (req.method === "HEAD") res.end();
    else await pipeline(lookup.open(found.digest), res).catch(() => res.destroy());
    return true;
  };
}

function refuse(res: ServerResponse, status: number, message: string): true {
  res.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${message}\n`);
  return true;
}
