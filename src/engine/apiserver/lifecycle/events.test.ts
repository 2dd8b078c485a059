import { deepEqual } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Event, Namespace } from "#api/builtin/index.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { memoryStore } from "#ports/store/memory.ts";
import { loadTokens } from "../auth/tokens.ts";
import { createServer } from "../server.ts";
import { inProcessTransport } from "../wire/in-process.ts";
import { expireEvents } from "./events.ts";

test("events go an hour after they were last seen", async () => {
  let now = new Date("2026-01-01T00:00:00Z");
  const folder = await mkdtemp(join(tmpdir(), "slipway-events-"));
  const clock = () => now;
  const tokens = await loadTokens(folder, clock);
  const server = createServer({ store: memoryStore(), clock, randomBytes, tokens, controllers: true });
  const client = new KubeClient(inProcessTransport(server, { username: "admin", groups: ["system:masters"] }));
  await client.create(Namespace, { metadata: { name: "n" } } as never);
  const event = (name: string, lastTimestamp?: string) =>
    client.create(Event, {
      metadata: { name, namespace: "n" },
      involvedObject: { namespace: "n" },
      ...(lastTimestamp && { lastTimestamp }),
    } as never);
  await event("old");
  await event("repeated", "2026-01-01T00:30:00Z");
  now = new Date("2026-01-01T01:10:00Z");
  await event("new");
  await expireEvents(server, server.registry);
  const left = await client.list(Event);
  deepEqual(
    left.items.map(({ metadata }) => metadata.name),
    ["new", "repeated"],
  );
  await server.objects.close();
  await rm(folder, { recursive: true });
});
