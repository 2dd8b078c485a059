/** What Argo CD's repository Secrets say about a repository. */
import { ConfigMap, Secret } from "#api/builtin/index.ts";
import type { Context } from "#engine/controller/controller.ts";

const REPOSITORY_SECRETS = { "argocd.argoproj.io/secret-type": "repository" };

/** The decoded data of the Secret for a URL, or undefined when there is none. `namespace` is the control namespace. */
export async function repositorySecret(
  url: string,
  namespace: string,
  context: Pick<Context, "list">,
): Promise<Record<string, string> | undefined> {
  const secrets = await context.list(Secret, { namespace, labels: REPOSITORY_SECRETS });
  const decoded = secrets.map(({ data = {} }) =>
    Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString()])),
  );
  return decoded.find((data) => normalised(data.url ?? "") === normalised(url));
}

/** Lines of a known_hosts file, for all repositories; empty when nobody has given any. */
export async function sshKnownHosts(namespace: string, context: Pick<Context, "get">): Promise<string> {
  const map = await context.get(ConfigMap, "argocd-ssh-known-hosts-cm", namespace);
  return map?.data?.ssh_known_hosts ?? "";
}

function normalised(url: string): string {
  return url
    .toLowerCase()
    .replace(/^oci:\/\//, "")
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
}
