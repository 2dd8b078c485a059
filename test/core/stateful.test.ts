import assert from "node:assert/strict";
import { test } from "node:test";
import { ControllerRevision, EndpointSlice, Endpoints, Pod, Service, StatefulSet } from "#api/builtin/index.ts";
import { eventually } from "../compat/cluster.ts";
import { startWorld } from "./world.ts";

const namespace = "default";
const labels = { app: "db" };
const ofService = { "kubernetes.io/service-name": "db" };

test("a StatefulSet rolls out in order behind its Service, also when the controllers restart in between", async () => {
  await using world = await startWorld();
  const { client, kubelet } = world;
  const containers = [{ name: "c", image: "one", command: ["run"], ports: [{ name: "sql", containerPort: 5432 }] }];
  await client.create(Service, {
    metadata: { name: "db", namespace },
    spec: { selector: labels, clusterIP: "None", ports: [{ name: "sql", port: 1, targetPort: "sql" }] },
  });
  await client.create(StatefulSet, {
    metadata: { name: "db", namespace },
    spec: {
      replicas: 3,
      serviceName: "db",
      selector: { matchLabels: labels },
      template: { metadata: { labels } as never, spec: { containers } },
    },
  });
  const status = async () => (await client.get(StatefulSet, "db", namespace))?.status;
  await eventually(async () => (await status())?.availableReplicas === 3);
  assert.deepEqual([...kubelet.created.keys()], ["db-0", "db-1", "db-2"]);
  const slice = await eventually(async () => {
    const [found] = (await client.list(EndpointSlice, { namespace, labels: ofService })).items;
    return found?.endpoints?.length === 3 ? found : undefined;
  });
  assert.deepEqual(
    slice.endpoints?.map(({ hostname }) => hostname),
    ["db-0", "db-1", "db-2"],
  );
  assert.equal(slice.ports?.[0]?.port, 5432);
  await eventually(async () => (await client.get(Endpoints, "db", namespace))?.subsets?.[0]?.addresses?.length === 3);

  const image = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "two" }];
  await client.patch(StatefulSet, { name: "db", namespace }, { type: "json", body: image });
  await world.restart();
  await eventually(async () => {
    const { updatedReplicas, currentRevision, updateRevision, readyReplicas } = (await status()) ?? {};
    return updatedReplicas === 3 && readyReplicas === 3 && currentRevision === updateRevision;
  });
  const pods = (await client.list(Pod, { namespace })).items;
  assert.deepEqual(
    pods.map(({ spec }) => spec.containers[0]?.image),
    ["two", "two", "two"],
  );
  assert.equal((await client.list(ControllerRevision, { namespace })).items.length, 2);
  assert.deepEqual([...kubelet.created.values()], [2, 2, 2]);

  await client.delete(StatefulSet, { name: "db", namespace });
  await client.delete(Service, { name: "db", namespace });
  await eventually(async () => (await client.list(Pod, { namespace })).items.length === 0);
  await eventually(async () => (await client.list(EndpointSlice, { namespace, labels: ofService })).items.length === 0);
});
