/** The embedded registry alone on a free port, for load scripts; anyone may push. Usage: serve.ts DIRECTORY [PORT] */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { argv } from "node:process";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { createRegistryHandler } from "#ports/oci/registry/handler.ts";
import { Registry } from "#ports/oci/registry/registry.ts";

const [directory, port] = argv.slice(2);
if (!directory) throw new Error("usage: serve.ts DIRECTORY [PORT]");
const blobs = await BlobStore.open(join(directory, "store"));
const registry = new Registry(blobs, await NameIndex.open(join(directory, "names.log")));
const handler = createRegistryHandler({ registry, authorize: async () => true, onError: console.error });
const server = createServer((request, response) => {
  void handler(request, response).then((done) => done || response.writeHead(404).end());
});
server.listen(Number(port ?? 0), "127.0.0.1", () => {
  console.log(`127.0.0.1:${(server.address() as AddressInfo).port}`);
});
