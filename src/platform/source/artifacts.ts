/** Serves artifacts under the URLs that GitRepositories and ImageRepositories give for them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export type ArtifactLookup = {
  /** The blob of the artifact at a path of the front door; undefined when there is none. */
  find: (path: string) => Promise<{ digest: string; size: number } | undefined>;
  open: (digest: string) => Readable;
};

const ROUTE = /^\/artifacts\/(?:gitrepository|imagerepository)\/[a-z0-9.-]+\/[a-z0-9.-]+\/[0-9a-f]{40,64}\.tar\.gz$/;

type Kind = "gitrepository" | "imagerepository";

/** The path of an artifact on the front door; `id` is the commit, or the hexadecimal digest of the content. */
export function artifactPath(kind: Kind, namespace: string, name: string, id: string): string {
  return `/artifacts/${kind}/${namespace}/${name}/${id}.tar.gz`;
}

/** A handler for paths below `/artifacts/`; it answers false when the path is not its own. */
export function serveArtifacts(
  lookup: ArtifactLookup,
): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  return async (req, res) => {
    const path = req.url?.split("?")[0] ?? "";
    if (!path.startsWith("/artifacts/")) return false;
    if (req.method !== "GET" && req.method !== "HEAD") return refuse(res, 405, "artifacts can only be read");
    const found = ROUTE.test(path) ? await lookup.find(path) : undefined;
    if (!found) return refuse(res, 404, "no such artifact: look at status.artifact.url of the source");
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
