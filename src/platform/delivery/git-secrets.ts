/** With whose credentials a repository is written: a Secret that is named, or one that the service account has for its host. */
import { Secret, ServiceAccount } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Context } from "#engine/controller/controller.ts";
import { GitError } from "#ports/git/cli.ts";
import { type GitCredentials, parseCredentials } from "#ports/git/credentials.ts";

/** As Tekton has it: `tekton.dev/git-0: https://git.example`, for SSH also the bare host. */
const HOST_ANNOTATION = /^tekton\.dev\/git-\d+$/;

type Wanted = { url: string; secretRef?: { name: string } | undefined; serviceAccountName?: string | undefined };

/** Undefined when nobody has credentials for the host. Throws GitError when what is named is missing, or of no use. */
export async function gitCredentials(
  { url, secretRef, serviceAccountName }: Wanted,
  namespace: string | undefined,
  context: Pick<Context, "get">,
): Promise<GitCredentials | undefined> {
  if (secretRef) {
    const secret = await context.get(Secret, secretRef.name, namespace);
    if (!secret) throw new GitError("Unauthorized", `secret "${namespace}/${secretRef.name}" not found`);
    return credentialsOf(secret);
  }
  const account = await context.get(ServiceAccount, serviceAccountName ?? "default", namespace);
  if (!account && serviceAccountName)
    throw new GitError("Unauthorized", `serviceaccount "${namespace}/${serviceAccountName}" not found: create it`);
  for (const { name } of account?.secrets ?? []) {
    const secret = name ? await context.get(Secret, name, namespace) : undefined;
    if (secret && isFor(secret, url)) return credentialsOf(secret);
  }
  return undefined;
}

function isFor({ metadata }: k8s.Secret, url: string): boolean {
  const wanted = new URL(url);
  return Object.entries(metadata.annotations ?? {}).some(([name, place]) => {
    if (!HOST_ANNOTATION.test(name)) return false;
    const given = URL.parse(place.includes("://") ? place : `ssh://${place}`);
    return given?.protocol === wanted.protocol && given.host === wanted.host;
  });
}

function credentialsOf({ metadata, data = {} }: k8s.Secret): GitCredentials {
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]);
  return parseCredentials(Object.fromEntries(decoded), `secret "${metadata.namespace}/${metadata.name}"`);
}
