/** How git reaches one remote repository: settings for one command, and the files that they name. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { GitError, type GitOptions } from "./cli.ts";
import { checkedUrl, type GitCredentials, type SshKey } from "./credentials.ts";

export type Remote = { url: string; credentials?: GitCredentials | undefined };
/** For git's environment, so that nothing shows in the process table. */
export type Access = Pick<GitOptions, "config" | "env">;

const CONNECT_SECONDS = 30;

/**
 * Runs `work` with what reaches the remote. Keys and certificates are files below `directory` while it runs, readable for
 * this user only. Throws GitError for a URL that cannot be used, and for SSH without a key.
 */
export async function withAccess<T>(
  { url, credentials = {} }: Remote,
  directory: string,
  work: (access: Access) => Promise<T>,
): Promise<T> {
  const { protocol, origin, username } = new URL(checkedUrl(url));
  if (protocol !== "ssh:" && !credentials.authority && !credentials.client)
    return await work({ config: headerConfig(origin, credentials) });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(directory, "remote-"));
  const file = async (name: string, text: string, mode = 0o600): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text.endsWith("\n") ? text : `${text}\n`, { mode });
    return path;
  };
  try {
    const access =
      protocol === "ssh:" ? sshAccess(url, username, credentials.ssh, file) : tlsAccess(origin, credentials, file);
    return await work(await access);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type WriteFile = (name: string, text: string, mode?: number) => Promise<string>;

/** The header goes to this host and to no other. */
function headerConfig(origin: string, { basic, bearerToken }: GitCredentials): [string, string][] {
  const value = bearerToken
    ? `Bearer ${bearerToken}`
    : basic && `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`;
  return value ? [[`http.${origin}/.extraHeader`, `Authorization: ${value}`]] : [];
}

async function tlsAccess(origin: string, credentials: GitCredentials, file: WriteFile): Promise<Access> {
  const { authority, client } = credentials;
  const files = {
    ...(authority && { sslCAInfo: await file("authorities", [authority.trimEnd(), ...rootCertificates].join("\n")) }),
    ...(client && { sslCert: await file("certificate", client.certificate), sslKey: await file("key", client.key) }),
  };
  const settings = Object.entries(files).map(([name, path]): [string, string] => [`http.${origin}/.${name}`, path]);
  return { config: [...headerConfig(origin, credentials), ...settings] };
}

/** With this key, to a host that has one of these keys, and with nothing of the user's own. */
async function sshAccess(url: string, username: string, key: SshKey | undefined, file: WriteFile): Promise<Access> {
  if (!key)
    throw new GitError(
      "Unauthorized",
      `${url} needs a key: name a Secret with "identity" (or "ssh-privatekey") and "known_hosts"`,
    );
  const identity = await file("identity", key.privateKey);
  const knownHosts = await file("known_hosts", key.knownHosts);
  const options = {
    IdentityFile: quoted(identity),
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    UserKnownHostsFile: quoted(knownHosts),
    GlobalKnownHostsFile: "/dev/null",
    StrictHostKeyChecking: "yes",
    UpdateHostKeys: "no",
    PreferredAuthentications: "publickey",
    ConnectTimeout: String(CONNECT_SECONDS),
    BatchMode: key.passphrase ? "no" : "yes",
    ...(!username && { User: "git" }),
  };
  const words = Object.entries(options).map(([name, value]) => `-o '${`${name}=${value}`.replaceAll("'", `'\\''`)}'`);
  const env = { GIT_SSH_COMMAND: `ssh -F /dev/null ${words.join(" ")}` };
  if (!key.passphrase) return { env };
  const answer = await file("passphrase", '#!/bin/sh\nprintf "%s\\n" "$SLIPWAY_PASSPHRASE"', 0o700);
  return { env: { ...env, SSH_ASKPASS: answer, SSH_ASKPASS_REQUIRE: "force", SLIPWAY_PASSPHRASE: key.passphrase } };
}

/** As ssh reads a file name in an option. */
function quoted(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}
