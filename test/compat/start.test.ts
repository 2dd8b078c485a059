/** A server that cannot start leaves nothing open. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startApiServer } from "#engine/apiserver/start.ts";
import { memoryStore } from "#ports/store/memory.ts";
import { type Store, StoreError } from "#ports/store/store.ts";

/** A store that has no room for the server's own Service, which is written when connections are accepted already. */
function tooSmall(): { store: Store; isClosed: () => boolean } {
  const store = memoryStore();
  let closed = false;
  return {
    isClosed: () => closed,
    store: {
      ...{ load: () => store.load(), compact: () => store.compact(), backup: (file) => store.backup(file) },
      append: async (batch) => {
        if (batch.some(({ key }) => key.includes("services/"))) throw new StoreError("full", "no space left");
        await store.append(batch);
      },
      close: async () => {
        closed = true;
        await store.close();
      },
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("neither its port nor its store", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "slipway-start-"));
  try {
    const port = await freePort();
    const { store, isClosed } = tooSmall();
    await assert.rejects(startApiServer({ store, dataDir, port }));
    const socket = connect({ host: "127.0.0.1", port });
    await assert.rejects(once(socket, "connect"), /ECONNREFUSED/);
    assert.equal(isClosed(), true);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
