/** A registry on loopback for tests: everybody pulls; the token, or password, `secret` may push. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { createRegistryHandler } from "./handler.ts";
import { Registry } from "./registry.ts";

export type TestRegistry = AsyncDisposable & {
  registry: Registry;
  host: string;
  /** A folder of its own, which goes with it. */
  directory: string;
};

export async function startTestRegistry(): Promise<TestRegistry> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-registry-"));
  const index = await NameIndex.open(join(directory, "names.log"));
  const registry = new Registry(await BlobStore.open(join(directory, "blobs")), index);
  const authorize = async (token: string | undefined, action: string) => action === "pull" || token === "Bearer secret";
  const handle = createRegistryHandler({ registry, authorize });
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    registry,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    directory,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await index.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
