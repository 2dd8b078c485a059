/** Credentials for a remote repository, handed to git through its environment only. */
import { GitError, type GitOptions } from "./cli.ts";

export type GitCredentials = { username: string; password: string } | { bearerToken: string };

/**
 * Credentials from the decoded `data` of a Secret: `bearerToken`, or `username` and `password`.
 * Throws GitError Invalid when it holds neither.
 */
export function parseCredentials(data: Readonly<Record<string, string>>, source: string): GitCredentials {
  const { bearerToken, username, password } = data;
  if (bearerToken) return { bearerToken };
  if (username !== undefined && password !== undefined) return { username, password };
  throw new GitError("Invalid", `${source} must hold "username" and "password", or "bearerToken"`);
}

/** Git configuration that sends the credentials to the host of `url` and to no other. */
export function credentialConfig(
  url: string,
  credentials: GitCredentials | undefined,
): NonNullable<GitOptions["config"]> {
  if (!credentials) return [];
  const value =
    "bearerToken" in credentials
      ? `Bearer ${credentials.bearerToken}`
      : `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  return [[`http.${new URL(url).origin}/.extraHeader`, `Authorization: ${value}`]];
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
