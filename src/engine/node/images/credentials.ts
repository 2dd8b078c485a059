/** Which credentials are for which image: the entries of pull secrets, matched by registry host and path. */
import type { Secret } from "#api/builtin/types.gen.ts";
import { parseDockerAuths } from "#ports/oci/docker-config.ts";
import { parseReference, type Reference } from "#ports/oci/reference.ts";

type Entry = { host: string; path: string; header: string };

const DOCKER_HUB = /^(index\.|registry-1\.)?docker\.io$/;

/** Authorization headers of pull secrets. */
export class Keyring {
  private readonly entries: readonly Entry[];

  /** Secrets that hold no Docker configuration are left out. */
  constructor(secrets: readonly Secret[]) {
    this.entries = secrets.flatMap(entriesOf);
  }

  /** The headers to try for an image, the most specific first. */
  headersFor(image: string): string[] {
    const reference = parseReference(image);
    if (!reference) return [];
    const matching = this.entries.filter((entry) => matches(entry, reference));
    const headers = matching.toSorted((left, right) => right.path.length - left.path.length);
    return [...new Set(headers.map(({ header }) => header))];
  }
}

function entriesOf({ data = {} }: Secret): Entry[] {
  const { ".dockerconfigjson": modern, ".dockercfg": old } = data;
  const text = Buffer.from(modern ?? old ?? "", "base64").toString();
  try {
    const auths = parseDockerAuths(text, modern === undefined ? ".dockercfg" : "config.json");
    return auths.map(([key, header]) => ({ ...located(key), header }));
  } catch {
    return [];
  }
}

/** Keys are hosts with an optional port and path, or URLs as older clients wrote them. */
function located(key: string): { host: string; path: string } {
  const [host = "", ...parts] = key.replace(/^https?:\/\//, "").split("/");
  const path = parts.join("/").replace(/\/+$/, "");
  return { host: DOCKER_HUB.test(host) ? "docker.io" : host, path: /^v[12]$/.test(path) ? "" : path };
}

/** `*` stands for one part of the host name; without a port the entry is for every port that is not named. */
function matches({ host, path }: Entry, reference: Reference): boolean {
  const [wanted, given] = [splitPort(host), splitPort(reference.host)];
  if (wanted.port !== given.port || wanted.parts.length !== given.parts.length) return false;
  if (!wanted.parts.every((part, index) => glob(part, given.parts[index] ?? ""))) return false;
  return path === "" || reference.repository === path || reference.repository.startsWith(`${path}/`);
}

function splitPort(host: string): { parts: string[]; port: string } {
  const [, name = "", port = ""] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  return { parts: name.split("."), port };
}

function glob(pattern: string, text: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[^\w]/g, "\\$&"));
  return new RegExp(`^${source.join("[^.]*")}$`).test(text);
}
