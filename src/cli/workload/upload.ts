/** `--local-path`: a directory becomes the source of a workload without Git. */
import { uploadSource } from "#platform/source/index.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { publisherToken } from "../token.ts";

export type UploadFlags = {
  localPath?: string;
  sourceImage?: string;
  registryUsername?: string;
  registryPassword?: string;
  registryToken?: string;
};

const TOKEN_SECONDS = 3600;

/** Packs and pushes the directory; returns the image by tag and digest. With `dryRun` nothing is pushed. */
export async function uploadLocalPath(
  { client, registry }: Connection,
  { name, namespace }: { name: string; namespace: string },
  flags: UploadFlags & { localPath: string },
  dryRun: boolean,
): Promise<string> {
  const image = flags.sourceImage ?? (registry && `${registry}/source/${namespace}/${name}`);
  if (!image)
    throw new CliError("usage", "there is no registry to push the source to", "Name an image with --source-image.");
  const credentials = async (host: string): Promise<string | undefined> => {
    const { registryUsername: user, registryPassword: password, registryToken: token } = flags;
    if (token) return `Bearer ${token}`;
    if (user) return basic(user, password ?? "");
    return host === registry ? basic("slipway", await publisherToken(client, TOKEN_SECONDS)) : undefined;
  };
  try {
    return (await uploadSource({ directory: flags.localPath, image, credentials, dryRun })).image;
  } catch (error) {
    if (error instanceof RangeError) throw new CliError("usage", error.message);
    throw error;
  }
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
