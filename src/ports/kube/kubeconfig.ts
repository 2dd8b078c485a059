/** Reading kubeconfig files. */
import { readFileSync } from "node:fs";
import { parseYaml } from "#kit/yaml.ts";

/** What a client needs to reach a cluster; certificates and keys are PEM. */
export type KubeconfigEntry = {
  server: string;
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  token: string | undefined;
  namespace: string;
};

/** A kubeconfig that cannot be used; the message says what is missing where. */
class KubeconfigError extends Error {
  override name = "KubeconfigError";
}

type Named<K extends string, T> = { name?: string } & { [key in K]?: T };
type Cluster = { server?: string; "certificate-authority-data"?: string; "certificate-authority"?: string };
type User = {
  token?: string;
  tokenFile?: string;
  exec?: unknown;
  "client-certificate-data"?: string;
  "client-certificate"?: string;
  "client-key-data"?: string;
  "client-key"?: string;
};
type Config = {
  "current-context"?: string;
  clusters?: Named<"cluster", Cluster>[];
  users?: Named<"user", User>[];
  contexts?: Named<"context", { cluster?: string; user?: string; namespace?: string }>[];
};

/** The cluster and credentials of a context; default: the current one. Throws KubeconfigError. */
export function parseKubeconfig(text: string, context?: string): KubeconfigEntry {
  const config = (parseYaml(text, "kubeconfig")[0] ?? {}) as Config;
  const wanted = context ?? config["current-context"];
  if (!wanted) throw new KubeconfigError("the kubeconfig has no current-context: name one of its contexts");
  const chosen = find(config.contexts, "context", wanted);
  const cluster = find(config.clusters, "cluster", chosen.cluster ?? "");
  const user = find(config.users, "user", chosen.user ?? "");
  if (!cluster.server) throw new KubeconfigError(`cluster "${chosen.cluster}" in the kubeconfig has no server`);
  if (user.exec)
    throw new KubeconfigError(`user "${chosen.user}" in the kubeconfig runs a program to log in: give a token instead`);
  return {
    server: cluster.server,
    ca: pem(cluster["certificate-authority-data"], cluster["certificate-authority"]),
    cert: pem(user["client-certificate-data"], user["client-certificate"]),
    key: pem(user["client-key-data"], user["client-key"]),
    token: user.token ?? (user.tokenFile ? read(user.tokenFile).trim() : undefined),
    namespace: chosen.namespace || "default",
  };
}

function find<K extends string, T>(entries: Named<K, T>[] | undefined, key: K, name: string): T {
  const found = (entries ?? []).find((entry) => entry.name === name)?.[key];
  if (found) return found as T;
  const known = (entries ?? []).map((entry) => entry.name).join(", ") || "none";
  throw new KubeconfigError(`the kubeconfig has no ${key} "${name}" (it has: ${known})`);
}

function pem(data: string | undefined, file: string | undefined): string | undefined {
  if (data) return Buffer.from(data, "base64").toString();
  return file ? read(file) : undefined;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new KubeconfigError(`cannot read ${file}, which the kubeconfig names`, { cause });
  }
}
