/**
 * An API server as a process of its own: `node serve.ts FOLDER`. Prints one JSON line when it answers.
 * The line `in-process N` on standard input asks for N reads and N writes without any wire; the end of the input ends it.
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ConfigMap } from "#api/builtin/index.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";

const started = performance.now();
const [folder = ""] = process.argv.slice(2);
const server = await startApiServer({ store: sqliteStore(join(folder, "cluster.db")), dataDir: folder, port: 0 });
const answer = (value: object): void => console.log(JSON.stringify(value));
answer({ url: server.url, kubeconfig: server.kubeconfig(), startMs: performance.now() - started });

/** CPU milliseconds per read and per write by a client in the same process, one at a time. */
async function measureInProcess(count: number): Promise<object> {
  const client = new KubeClient(server.transport());
  const per = async (work: (index: number) => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) await work(index);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / count;
  };
  const target = { name: "in-process", namespace: "default" };
  await client.create(ConfigMap, { metadata: target, data: { a: "b" } });
  const getMs = await per(() => client.get(ConfigMap, target.name, target.namespace));
  const patchMs = await per((index) =>
    client.patch(ConfigMap, target, { type: "merge", body: { metadata: { annotations: { k: `m${index}` } } } }),
  );
  return { getMs, patchMs };
}

for await (const line of createInterface({ input: process.stdin }))
  if (line.startsWith("in-process ")) answer(await measureInProcess(Number(line.split(" ")[1])));
await server.close();
