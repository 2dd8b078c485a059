/** An image that costs nothing to have: one unpacked layer with this machine's `sleep` and the libraries it needs. */
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ImageConfig, ImageSource } from "#ports/oci/image.ts";
import { must } from "./program.ts";

const PROGRAM = "/bin/sleep";
const DIGEST = "sha256:1";

const CONFIG: ImageConfig = {
  architecture: process.arch === "x64" ? "amd64" : process.arch,
  os: "linux",
  config: { Entrypoint: [PROGRAM], Cmd: ["infinity"] },
  rootfs: { type: "layers", diff_ids: [] },
};

/** A source that has it under every name. `directory` becomes the layer. */
export async function sleeperImage(directory: string): Promise<ImageSource> {
  const libraries = [...(await must("ldd", [PROGRAM])).matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  for (const path of [PROGRAM, ...libraries]) {
    await mkdir(join(directory, dirname(path)), { recursive: true });
    await copyFile(path, join(directory, path));
  }
  const describe: ImageSource["describe"] = async (reference) => ({
    ...{ reference: `${reference}@${DIGEST}`, digest: DIGEST },
    config: structuredClone(CONFIG),
  });
  return { describe, unpack: async (reference) => ({ ...(await describe(reference)), layers: [directory] }) };
}
