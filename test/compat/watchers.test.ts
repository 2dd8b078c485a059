// Watchers that start at any moment and see any part of the objects end up with what is really there.
import { deepEqual } from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { ConfigMap, Namespace } from "#api/builtin/index.ts";
import type { Unstructured } from "#api/meta.ts";
import { hasReason } from "#kit/status.ts";
import { KubeClient, type ListOptions } from "#ports/kube/client.ts";
import { type Cluster, eventually, startCluster } from "./cluster.ts";

let cluster: Cluster;
let admin: KubeClient;
before(async () => {
  cluster = await startCluster();
  admin = new KubeClient(cluster.inProcess);
});
after(() => cluster[Symbol.asyncDispose]());

type Watcher = { seen: Map<string, string>; scope: ListOptions; stop(): void; ended: Promise<void> };

/** Lists, then follows the changes, as an informer does. */
async function follow(client: KubeClient, scope: ListOptions): Promise<Watcher> {
  const seen = new Map<string, string>();
  const { items, resourceVersion } = await client.list(ConfigMap, scope);
  const version = ({ metadata }: Unstructured): string => metadata.resourceVersion ?? "";
  for (const item of items as unknown as Unstructured[]) seen.set(item.metadata.name, version(item));
  const stop = new AbortController();
  const ended = (async () => {
    for await (const { type, object } of client.watch(ConfigMap, { ...scope, resourceVersion, signal: stop.signal })) {
      const item = object as unknown as Unstructured;
      if (type === "DELETED") seen.delete(item.metadata.name);
      else if (type !== "BOOKMARK") seen.set(item.metadata.name, version(item));
    }
  })();
  return { seen, scope, stop: () => stop.abort(), ended };
}

const name = fc.constantFrom("a", "b", "c", "d", "e");
const color = fc.constantFrom("red", "blue");
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), name, color }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("watch" as const),
      labels: fc.option(color),
      only: fc.option(name),
      over: fc.constantFrom("https" as const, "inProcess" as const),
    }),
  },
);

test("random watchers agree with the final state", async () => {
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const namespace = `watched-${serial++}`;
      await admin.create(Namespace, { metadata: { name: namespace }, spec: {} });
      await eventually(async () => (await admin.list(ConfigMap, { namespace })).items.length === 1);
      const watchers: Watcher[] = [];
      const writes: Promise<unknown>[] = [];
      for (const next of steps) {
        if (next.kind === "watch") {
          const scope = {
            namespace,
            labels: next.labels ? { color: next.labels } : undefined,
            fields: next.only ? `metadata.name=${next.only}` : undefined,
          };
          watchers.push(await follow(new KubeClient(cluster[next.over]), scope));
          continue;
        }
        if (next.kind === "delete") writes.push(admin.delete(ConfigMap, { name: next.name, namespace }));
        else
          writes.push(
            admin
              .apply(ConfigMap, { metadata: { name: next.name, namespace, labels: { color: next.color } } })
              .catch((error: unknown) => {
                if (!hasReason(error, "AlreadyExists", "NotFound", "Conflict")) throw error;
              }),
          );
      }
      await Promise.all(writes);
      for (const { seen, scope, stop, ended } of watchers) {
        const expected = async (): Promise<object> => {
          const { items } = await admin.list(ConfigMap, scope);
          return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
        };
        const shown = (): object => Object.fromEntries([...seen].sort());
        const want = await expected();
        await eventually(async () => JSON.stringify(shown()) === JSON.stringify(want)).catch(() =>
          deepEqual(shown(), want),
        );
        stop();
        await ended;
      }
    }),
    { numRuns: 25 },
  );
});
