/** Image references: `host/repository:tag@digest`, with Docker's defaults for what is left out. */
import { isDigest } from "#ports/blobs/digest.ts";

export type Reference = {
  /** Host with port, such as `registry.example.com:5000`. */
  host: string;
  repository: string;
  tag?: string;
  digest?: string;
};

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const HOST = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]+)?$/;
const MAX_NAME_LENGTH = 255;

/** True for a repository name such as `team/app`. */
export function isRepositoryName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && NAME.test(name);
}

export function isTag(tag: string): boolean {
  return TAG.test(tag);
}

/** Parses a reference; undefined when it is malformed. Without tag and digest the tag is `latest`. */
export function parseReference(text: string): Reference | undefined {
  const [named = "", digest, more] = text.split("@");
  if (more !== undefined || (digest !== undefined && !isDigest(digest))) return undefined;
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  const tag = hasTag ? named.slice(colon + 1) : digest ? undefined : "latest";
  const located = locate(hasTag ? named.slice(0, colon) : named);
  if (!HOST.test(located.host) || !isRepositoryName(located.repository)) return undefined;
  if (tag !== undefined && !isTag(tag)) return undefined;
  return { ...located, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

/** The reference as text; the digest wins over the tag when both are there. */
export function renderReference(reference: Reference): string {
  const name = `${reference.host}/${reference.repository}`;
  return reference.digest ? `${name}@${reference.digest}` : `${name}:${reference.tag ?? "latest"}`;
}

/** Docker's rule: the first part is a host when it has a dot or a port, or is `localhost`. */
function locate(name: string): { host: string; repository: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  if (first === "localhost" || /[.:]/.test(first)) return { host: first, repository: name.slice(slash + 1) };
  return { host: "docker.io", repository: slash < 0 ? `library/${name}` : name };
}
