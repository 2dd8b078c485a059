/** Registry credentials out of the Secrets that Kubernetes keeps them in, matched by registry host and path. Pure. */
import { parseDockerAuths } from "./docker-config.ts";
import { ImageError, type RegistryCredentials } from "./image.ts";

export type PullSecret = {
  metadata: { name?: string | undefined; namespace?: string | undefined };
  data?: { readonly [key: string]: string } | undefined;
};

type Entry = { host: string; path: string; header: string };

const DOCKER_HUB = /^(index\.|registry-1\.)?docker\.io$/;

/** The entries of pull secrets, in the order given. */
export class Keyring {
  private readonly entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  /** Throws ImageError for a Secret whose Docker configuration does not parse. Other Secrets hold nothing. */
  static of(secrets: readonly PullSecret[]): Keyring {
    return new Keyring(secrets.flatMap(entriesOf));
  }

  /** Like {@link Keyring.of}, without the Secrets that do not parse, as a kubelet reads them. */
  static ofReadable(secrets: readonly PullSecret[]): Keyring {
    return new Keyring(
      secrets.flatMap((secret) => {
        try {
          return entriesOf(secret);
        } catch {
          return [];
        }
      }),
    );
  }

  /** Authorization headers to try for a repository: those of the longest path first, then in the order of the Secrets. */
  headersFor(host: string, repository: string): string[] {
    const matching = this.entries.filter((entry) => matches(entry, { host: plainHost(host), repository }));
    const headers = matching.toSorted((left, right) => right.path.length - left.path.length);
    return [...new Set(headers.map(({ header }) => header))];
  }
}

/** What these Secrets know of a repository. Throws ImageError for one that is no Docker configuration. */
export function pullCredentials(secrets: readonly PullSecret[]): RegistryCredentials {
  const keyring = Keyring.of(secrets);
  return async (host, repository) => keyring.headersFor(host, repository)[0];
}

function entriesOf({ data = {}, metadata }: PullSecret): Entry[] {
  const { ".dockerconfigjson": modern, ".dockercfg": old } = data;
  const encoded = modern ?? old;
  if (encoded === undefined) return [];
  try {
    const text = Buffer.from(encoded, "base64").toString();
    const auths = parseDockerAuths(text, modern === undefined ? ".dockercfg" : "config.json");
    return auths.map(([key, header]) => ({ ...located(key), header }));
  } catch (error) {
    const message = `secret "${metadata.namespace}/${metadata.name}" is not a Docker configuration`;
    throw new ImageError("ErrImagePull", message, { cause: error });
  }
}

/** Keys are hosts with an optional port and path, or URLs as older clients wrote them. */
function located(key: string): { host: string; path: string } {
  const [host = "", ...parts] = key.replace(/^https?:\/\//, "").split("/");
  const path = parts.join("/").replace(/\/+$/, "");
  return { host: plainHost(host), path: /^v[12]$/.test(path) ? "" : path };
}

/** All names of Docker Hub are one. */
function plainHost(host: string): string {
  return DOCKER_HUB.test(host) ? "docker.io" : host;
}

/** `*` stands for one part of the host name; without a port the entry is for the host without one. */
function matches({ host, path }: Entry, asked: { host: string; repository: string }): boolean {
  const [wanted, given] = [splitPort(host), splitPort(asked.host)];
  if (wanted.port !== given.port || wanted.parts.length !== given.parts.length) return false;
  if (!wanted.parts.every((part, index) => glob(part, given.parts[index] ?? ""))) return false;
  return path === "" || asked.repository === path || asked.repository.startsWith(`${path}/`);
}

function splitPort(host: string): { parts: string[]; port: string } {
  const [, name = "", port = ""] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  return { parts: name.split("."), port };
}

function glob(pattern: string, text: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[^\w]/g, "\\$&"));
  return new RegExp(`^${source.join("[^.]*")}$`).test(text);
}
