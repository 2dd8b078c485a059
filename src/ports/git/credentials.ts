/** Credentials for a remote repository, as Secrets of Flux and Kubernetes hold them, and the URLs that they are for. */
import { GitError } from "./cli.ts";

export type SshKey = {
  privateKey: string;
  /** Lines of a known_hosts file: hosts with other keys are refused. */
  knownHosts: string;
  passphrase?: string | undefined;
};

/** What a Secret offers; which of it is used depends on the URL. Texts are PEM where files would be. */
export type GitCredentials = {
  basic?: { username: string; password: string } | undefined;
  bearerToken?: string | undefined;
  /** Authorities that are trusted besides the usual ones. */
  authority?: string | undefined;
  client?: { certificate: string; key: string } | undefined;
  ssh?: SshKey | undefined;
};

/**
 * Credentials from the decoded `data` of a Secret: `username` and `password`, or `bearerToken`; `caFile` or `ca.crt`;
 * `tls.crt` and `tls.key`; `identity` or `ssh-privatekey` with `known_hosts`, and `password` for the key.
 * Throws GitError Invalid when it holds none of them, or half of a pair.
 */
export function parseCredentials(data: Readonly<Record<string, string>>, source: string): GitCredentials {
  const { bearerToken, username, password, known_hosts: knownHosts } = data;
  const { identity: privateKey = data["ssh-privatekey"], caFile: authority = data["ca.crt"] } = data;
  const { "tls.crt": certificate, "tls.key": key } = data;
  if (privateKey && !knownHosts)
    throw new GitError("Invalid", `${source} must hold "known_hosts" beside its key: ssh-keyscan HOST prints them`);
  if ((certificate === undefined) !== (key === undefined))
    throw new GitError("Invalid", `${source} must hold both "tls.crt" and "tls.key", or neither`);
  const credentials: GitCredentials = {
    ...(bearerToken && { bearerToken }),
    ...(!bearerToken && username !== undefined && password !== undefined && { basic: { username, password } }),
    ...(authority && { authority }),
    ...(certificate && key && { client: { certificate, key } }),
    ...(privateKey && knownHosts && { ssh: { privateKey, knownHosts, passphrase: password } }),
  };
  if (Object.keys(credentials).length > 0) return credentials;
  throw new GitError(
    "Invalid",
    `${source} must hold "username" and "password", "bearerToken", "caFile", or "identity" and "known_hosts"`,
  );
}

/** The URL, when it is one that git may be sent to: http, https or ssh. Throws GitError Invalid otherwise. */
export function checkedUrl(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !["http:", "https:", "ssh:"].includes(parsed.protocol) || !parsed.hostname)
    throw new GitError("Invalid", `${JSON.stringify(url)} is not an http, https or ssh URL of a Git repository`);
  return url;
}

/** The URL without user name and password, for messages. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/, "$1");
}
