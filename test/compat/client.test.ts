// The same behaviour over both transports: what a client of a real API server relies on.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  Binding,
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  Namespace,
  Pod,
  Secret,
} from "#api/builtin/index.ts";
import type { Unstructured } from "#api/meta.ts";
import { StatusError } from "#kit/status.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import type { Transport, WatchEvent } from "#ports/kube/transport.ts";
import { type Cluster, eventually, startCluster, take, Widget, widgetDefinition } from "./cluster.ts";

const TRANSPORTS: [name: string, open: (cluster: Cluster) => Transport][] = [
  ["in process", (cluster) => cluster.inProcess],
  ["https", (cluster) => cluster.https],
];

const reason = (expected: string) => (error: unknown) => error instanceof StatusError && error.reason === expected;
const names = (list: { items: { metadata: { name: string } }[] }) => list.items.map(({ metadata }) => metadata.name);
const config = (
  name: string,
  namespace: string,
  data: Record<string, string>,
  labels: Record<string, string> = {},
) => ({
  metadata: { name, namespace, labels },
  data,
});
const widget = (name: string, namespace: string, spec: object): Draft<Unstructured> => ({
  metadata: { name, namespace },
  spec,
});
const web = (namespace: string, image = "nginx:1") => ({
  metadata: { name: "web", namespace },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } } as never,
      spec: {
        containers: [
          { name: "web", image },
          { name: "side", image: "busybox" },
        ],
      },
    },
  },
});

for (const [transportName, open] of TRANSPORTS)
  describe(transportName, () => {
    let cluster: Cluster;
    let client: KubeClient;
    let namespaces = 0;
    const newNamespace = async (): Promise<string> => {
      const name = `ns-${++namespaces}`;
      await client.create(Namespace, { metadata: { name } } as never);
      return name;
    };
    before(async () => {
      cluster = await startCluster();
      client = new KubeClient(open(cluster));
      await client.create(CustomResourceDefinition, widgetDefinition);
    });
    after(() => cluster[Symbol.asyncDispose]());

    test("creates, reads, updates and deletes", async () => {
      const ns = await newNamespace();
      const created = await client.create(ConfigMap, config("a", ns, { k: "1" }));
      equal(created.apiVersion, "v1");
      match(created.metadata.uid ?? "", /^[0-9a-f-]{36}$/);
      deepEqual(await client.get(ConfigMap, "a", ns), created);
      const updated = await client.update(ConfigMap, { ...created, data: { k: "2" } });
      ok(Number(updated.metadata.resourceVersion) > Number(created.metadata.resourceVersion));
      await rejects(client.update(ConfigMap, { ...created, data: { k: "3" } }), reason("Conflict"));
      const same = await client.update(ConfigMap, updated);
      equal(same.metadata.resourceVersion, updated.metadata.resourceVersion);
      await rejects(client.create(ConfigMap, config("a", ns, {})), reason("AlreadyExists"));
      equal(await client.delete(ConfigMap, { name: "a", namespace: ns }), true);
      equal(await client.get(ConfigMap, "a", ns), undefined);
      equal(await client.delete(ConfigMap, { name: "a", namespace: ns }), false);
    });

    test("answers are frozen, and what was sent stays the sender's", async () => {
      const ns = await newNamespace();
      const draft = config("frozen", ns, { k: "1" });
      const created = await client.create(ConfigMap, draft);
      ok(Object.isFrozen(created) && Object.isFrozen(created.data));
      draft.data.k = "changed";
      equal((await client.get(ConfigMap, "frozen", ns))?.data?.k, "1");
    });

    test("refuses bad names, missing namespaces, wrong kinds and stale deletes", async () => {
      const ns = await newNamespace();
      await rejects(client.create(ConfigMap, config("Bad_Name", ns, {})), reason("Invalid"));
      await rejects(client.create(ConfigMap, config("a", "nowhere", {})), reason("NotFound"));
      await rejects(client.create(ConfigMap, config("a", ns, { "bad key!": "x" })), reason("Invalid"));
      const path = `/api/v1/namespaces/${ns}/configmaps`;
      const body = { kind: "Secret", apiVersion: "v1", metadata: { name: "a" } };
      await rejects(client.transport.request({ method: "POST", path, body }), reason("BadRequest"));
      await client.create(ConfigMap, config("a", ns, {}));
      await rejects(client.delete(ConfigMap, { name: "a", namespace: ns }, { uid: "other" }), reason("Conflict"));
    });

    test("generates names and dry-runs without storing", async () => {
      const ns = await newNamespace();
      const made = await client.create(ConfigMap, { metadata: { generateName: "gen-", namespace: ns } });
      match(made.metadata.name, /^gen-[a-z0-9]{5}$/);
      await client.create(ConfigMap, config("dry", ns, {}), { dryRun: true });
      equal(await client.get(ConfigMap, "dry", ns), undefined);
    });

    test("lists by selectors and in pages", async () => {
      const ns = await newNamespace();
      for (const [index, tier] of ["a", "b", "a"].entries())
        await client.create(ConfigMap, config(`c${index}`, ns, {}, { tier }));
      const own = { namespace: ns, labels: "tier" };
      deepEqual(names(await client.list(ConfigMap, own)), ["c0", "c1", "c2"]);
      deepEqual(names(await client.list(ConfigMap, { namespace: ns, labels: { tier: "a" } })), ["c0", "c2"]);
      deepEqual(names(await client.list(ConfigMap, { ...own, labels: "tier in (b, x)" })), ["c1"]);
      deepEqual(names(await client.list(ConfigMap, { namespace: ns, fields: "metadata.name=c1" })), ["c1"]);
      const first = await client.list(ConfigMap, { ...own, limit: 2 });
      deepEqual(names(first), ["c0", "c1"]);
      const second = await client.list(ConfigMap, { ...own, limit: 2, continue: first.continue });
      deepEqual([names(second), second.continue], [["c2"], undefined]);
      await rejects(client.list(ConfigMap, { fields: "spec.x=1" }), reason("BadRequest"));
      await rejects(client.list(ConfigMap, { continue: "nonsense" }), reason("BadRequest"));
    });

    test("watches from a list, with selectors that objects come to match and cease to", async () => {
      const ns = await newNamespace();
      await client.create(ConfigMap, config("w", ns, {}, { on: "no" }));
      const { resourceVersion } = await client.list(ConfigMap, { namespace: ns });
      const signal = AbortSignal.timeout(5000);
      const seen = take(client.watch(ConfigMap, { namespace: ns, labels: { on: "yes" }, resourceVersion, signal }), 3);
      for (const on of ["yes", "yes", "no"])
        await client.patch(
          ConfigMap,
          { name: "w", namespace: ns },
          {
            type: "merge",
            body: { metadata: { labels: { on } }, data: { at: String(Math.random()) } },
          },
        );
      deepEqual(
        (await seen).map(({ type }) => type),
        ["ADDED", "MODIFIED", "DELETED"],
      );
    });

    test("sends initial events and marks their end", async () => {
      const ns = await newNamespace();
      await client.create(ConfigMap, config("x", ns, {}));
      const events = (await take(
        client.transport.watch({
          method: "GET",
          path: `/api/v1/namespaces/${ns}/configmaps`,
          query: {
            sendInitialEvents: "true",
            allowWatchBookmarks: "true",
            resourceVersionMatch: "NotOlderThan",
            fieldSelector: "metadata.name=x",
          },
          signal: AbortSignal.timeout(5000),
        }),
        2,
      )) as WatchEvent<Unstructured>[];
      deepEqual(
        events.map(({ type }) => type),
        ["ADDED", "BOOKMARK"],
      );
      equal(events[1]?.object.metadata.annotations?.["k8s.io/initial-events-end"], "true");
    });

    test("ends a watch with its signal, and refuses the future", async () => {
      const controller = new AbortController();
      const watching = take(client.watch(ConfigMap, { resourceVersion: "1", signal: controller.signal }), 1e9);
      setImmediate(() => controller.abort());
      await watching;
      const options = { resourceVersion: "999999999", signal: AbortSignal.timeout(5000) };
      await rejects(take(client.watch(ConfigMap, options), 1), reason("Timeout"));
    });

    test("defaults pods and deletes them gracefully", async () => {
      const ns = await newNamespace();
      const draft = {
        metadata: { name: "p", namespace: ns },
        spec: { containers: [{ name: "c", image: "busybox:1" }] },
      };
      const pod = await client.create(Pod, draft);
      equal(pod.status?.phase, "Pending");
      deepEqual(
        [
          pod.spec?.restartPolicy,
          pod.spec?.dnsPolicy,
          pod.spec?.terminationGracePeriodSeconds,
          pod.spec?.serviceAccountName,
        ],
        ["Always", "ClusterFirst", 30, "default"],
      );
      equal(pod.spec?.containers[0]?.imagePullPolicy, "IfNotPresent");
      const target = { name: "p", namespace: ns };
      await client.create(Binding, { metadata: { name: "p", namespace: ns }, target: { kind: "Node", name: "node" } });
      deepEqual(names(await client.list(Pod, { namespace: ns, fields: "spec.nodeName=node" })), ["p"]);
      await client.delete(Pod, target);
      const dying = await client.get(Pod, "p", ns);
      equal(dying?.metadata.deletionGracePeriodSeconds, 30);
      ok(dying?.metadata.deletionTimestamp);
      await client.delete(Pod, target, { gracePeriodSeconds: 0 });
      equal(await client.get(Pod, "p", ns), undefined);
    });

    test("keeps spec and status apart and counts generations", async () => {
      const ns = await newNamespace();
      const created = await client.create(Widget, { ...widget("g", ns, { size: 2 }), status: { forged: true } });
      deepEqual([created.metadata.generation, created.status, created.spec], [1, undefined, { size: 2, replicas: 1 }]);
      const target = { name: "g", namespace: ns };
      const options = { subresource: "status" };
      const body = { status: { ready: true }, spec: { size: 9 } };
      const ready = await client.patch(Widget, target, { type: "merge", body }, options);
      deepEqual([ready.metadata.generation, ready.status, ready.spec], [1, { ready: true }, { size: 2, replicas: 1 }]);
      const grown = await client.patch(Widget, target, {
        type: "json",
        body: [{ op: "replace", path: "/spec/size", value: 3 }],
      });
      deepEqual([grown.metadata.generation, grown.status], [2, { ready: true }]);
    });

    test("validates, prunes and defaults custom resources", async () => {
      const ns = await newNamespace();
      const pruned = await client.create(Widget, widget("p", ns, { size: 1, other: true }));
      deepEqual(pruned.spec, { size: 1, replicas: 1 });
      await rejects(client.create(Widget, widget("bad", ns, { size: 0 })), (error: StatusError) => {
        equal(error.reason, "Invalid");
        deepEqual(error.status.details?.causes?.[0]?.field, "spec.size");
        return true;
      });
      const path = `/apis/example.dev/v1/namespaces/${ns}/widgets`;
      const body = { apiVersion: "example.dev/v1", kind: "Widget", ...widget("s", ns, { size: 1, other: true }) };
      const strict = { method: "POST" as const, path, query: { fieldValidation: "Strict" }, body };
      await rejects(client.transport.request(strict), (error: StatusError) =>
        /unknown field "spec.other"/.test(error.message),
      );
      const patch = { type: "strategic" as const, body: {} };
      await rejects(client.patch(Widget, { name: "p", namespace: ns }, patch), reason("UnsupportedMediaType"));
    });

    test("scales", async () => {
      const ns = await newNamespace();
      await client.create(Widget, widget("s", ns, { size: 1 }));
      const path = `/apis/example.dev/v1/namespaces/${ns}/widgets/s/scale`;
      const body = { spec: { replicas: 4 } };
      const contentType = "application/merge-patch+json";
      const scale = (await client.transport.request({ method: "PATCH", path, body, contentType })) as Unstructured;
      deepEqual([scale.kind, scale.spec], ["Scale", { replicas: 4 }]);
      deepEqual((await client.get(Widget, "s", ns))?.spec, { size: 1, replicas: 4 });
    });

    test("merges built-in lists strategically", async () => {
      const ns = await newNamespace();
      await client.create(Deployment, web(ns) as never);
      const body = { spec: { template: { spec: { containers: [{ name: "web", image: "nginx:2" }] } } } };
      const patched = await client.patch(Deployment, { name: "web", namespace: ns }, { type: "strategic", body });
      deepEqual(
        patched.spec.template?.spec?.containers.map(({ image }) => image),
        ["nginx:2", "busybox"],
      );
      equal(patched.metadata.generation, 2);
    });

    test("applies: creates, shares, conflicts, forces, removes by omission", async () => {
      const ns = await newNamespace();
      const apply = (manager: string, spec: object, force = false) =>
        client.apply(Widget, widget("a", ns, spec), { fieldManager: manager, force });
      await apply("one", { size: 1, parts: [{ name: "x", color: "red" }] });
      await apply("two", { size: 1, parts: [{ name: "y" }] });
      await rejects(apply("two", { size: 2 }), (error: StatusError) => {
        equal(error.reason, "Conflict");
        deepEqual(error.status.details?.causes, [
          { reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".spec.size" },
        ]);
        return true;
      });
      const forced = await apply("two", { size: 2, parts: [{ name: "y" }] }, true);
      deepEqual(forced.spec, { size: 2, replicas: 1, parts: [{ name: "x", color: "red" }, { name: "y" }] });
      const again = await apply("two", { size: 2, parts: [{ name: "y" }] });
      equal(again.metadata.resourceVersion, forced.metadata.resourceVersion);
      const less = await apply("one", { parts: [{ name: "x" }] });
      deepEqual(less.spec, { size: 2, replicas: 1, parts: [{ name: "x" }, { name: "y" }] });
      const none = await apply("one", {});
      deepEqual(none.spec, { size: 2, replicas: 1, parts: [{ name: "y" }] });
    });

    test("applies what an update changed only by force, and status on its own", async () => {
      const ns = await newNamespace();
      await client.apply(Deployment, web(ns) as never, { fieldManager: "ci" });
      const target = { name: "web", namespace: ns };
      await client.patch(
        Deployment,
        target,
        { type: "merge", body: { spec: { paused: true } } },
        { fieldManager: "ops" },
      );
      const paused = { ...web(ns), spec: { ...web(ns).spec, paused: false } };
      await rejects(
        client.apply(Deployment, paused as never, { fieldManager: "ci", force: false }),
        reason("Conflict"),
      );
      const kept = await client.apply(Deployment, web(ns, "nginx:2") as never, { fieldManager: "ci" });
      deepEqual([kept.spec.paused, kept.spec.template?.spec?.containers[0]?.image], [true, "nginx:2"]);
      const status = { metadata: { name: "web", namespace: ns }, status: { replicas: 2 }, spec: { paused: false } };
      const done = await client.apply(Deployment, status as never, { fieldManager: "ctl", subresource: "status" });
      deepEqual([done.spec.paused, done.status?.replicas], [true, 2]);
      const entry = done.metadata.managedFields?.find(({ manager }) => manager === "ctl");
      deepEqual([entry?.subresource, entry?.fieldsV1], ["status", { "f:status": { "f:replicas": {} } }]);
    });

    test("one object takes many writers at once", async () => {
      const ns = await newNamespace();
      await client.create(ConfigMap, config("busy", ns, {}));
      const writes = Array.from({ length: 40 }, (_, index) =>
        client.patch(
          ConfigMap,
          { name: "busy", namespace: ns },
          { type: "merge", body: { data: { [`k${index}`]: "x" } } },
        ),
      );
      const versions = (await Promise.all(writes)).map(({ metadata }) => metadata.resourceVersion);
      equal(new Set(versions).size, 40);
      equal(Object.keys((await client.get(ConfigMap, "busy", ns))?.data ?? {}).length, 40);
    });

    test("turns a secret's plain text into data", async () => {
      const ns = await newNamespace();
      const secret = await client.create(Secret, { metadata: { name: "s", namespace: ns }, stringData: { a: "b" } });
      deepEqual([secret.data, secret.stringData, secret.type], [{ a: "Yg==" }, undefined, "Opaque"]);
    });

    test("holds deleted objects as long as they have finalizers", async () => {
      const ns = await newNamespace();
      const held = config("held", ns, {});
      await client.create(ConfigMap, { ...held, metadata: { ...held.metadata, finalizers: ["example.dev/hold"] } });
      const target = { name: "held", namespace: ns };
      await client.delete(ConfigMap, target);
      ok((await client.get(ConfigMap, "held", ns))?.metadata.deletionTimestamp);
      await client.patch(ConfigMap, target, { type: "merge", body: { metadata: { finalizers: null } } });
      equal(await client.get(ConfigMap, "held", ns), undefined);
    });

    test("collects dependents in the background, and orphans them when asked", async () => {
      const ns = await newNamespace();
      const chain = async (prefix: string): Promise<void> => {
        let owner: Unstructured | undefined;
        for (const name of ["a", "b", "c"]) {
          const ownerReferences = owner && [
            {
              apiVersion: "v1",
              kind: "ConfigMap",
              name: owner.metadata.name,
              uid: owner.metadata.uid ?? "",
              blockOwnerDeletion: true,
            },
          ];
          const metadata = { name: `${prefix}${name}`, namespace: ns, ...(ownerReferences && { ownerReferences }) };
          owner = (await client.create(ConfigMap, { metadata })) as unknown as Unstructured;
        }
      };
      const left = async (prefix: string) =>
        names(await client.list(ConfigMap, { namespace: ns })).filter((name) => name.startsWith(prefix));
      for (const propagation of ["Background", "Foreground"] as const) {
        const prefix = propagation.toLowerCase();
        await chain(prefix);
        await client.delete(ConfigMap, { name: `${prefix}a`, namespace: ns }, { propagation });
        await eventually(async () => (await left(prefix)).length === 0);
      }
      await chain("orphan");
      await client.delete(ConfigMap, { name: "orphana", namespace: ns }, { propagation: "Orphan" });
      const freed = await eventually(async () => {
        const found = await client.get(ConfigMap, "orphanb", ns);
        return !found?.metadata.ownerReferences && found;
      });
      equal(freed.metadata.deletionTimestamp, undefined);
      deepEqual(await left("orphan"), ["orphanb", "orphanc"]);
    });

    test("empties a namespace before it goes, and lets nothing new in", async () => {
      const ns = await newNamespace();
      const held = { metadata: { name: "held", namespace: ns, finalizers: ["example.dev/hold"] } };
      await client.create(ConfigMap, held);
      await client.create(Widget, widget("w", ns, { size: 1 }));
      await client.delete(Namespace, { name: ns });
      equal((await client.get(Namespace, ns))?.status?.phase, "Terminating");
      await rejects(client.create(ConfigMap, config("late", ns, {})), reason("Forbidden"));
      await eventually(async () => (await client.get(Widget, "w", ns)) === undefined);
      ok(await client.get(Namespace, ns));
      await client.patch(
        ConfigMap,
        { name: "held", namespace: ns },
        { type: "merge", body: { metadata: { finalizers: null } } },
      );
      await eventually(async () => (await client.get(Namespace, ns)) === undefined);
    });

    test("keeps the namespaces that everything needs", async () => {
      await rejects(client.delete(Namespace, { name: "default" }), reason("Forbidden"));
    });

    test("shows one object in all versions of its kind", async () => {
      const definition = structuredClone(widgetDefinition);
      definition.metadata.name = "dials.example.dev";
      definition.spec.names = { plural: "dials", kind: "Dial", shortNames: [] };
      const [v1] = definition.spec.versions;
      ok(v1);
      definition.spec.versions = [v1, { ...v1, name: "v1beta1", storage: false }];
      await client.create(CustomResourceDefinition, definition);
      const [current, older] = await Promise.all(
        ["v1", "v1beta1"].map((version) => client.resourceFor(`example.dev/${version}`, "Dial")),
      );
      ok(current && older);
      const ns = await newNamespace();
      const made = await client.create(older, widget("d", ns, { size: 1 }));
      equal(made.apiVersion, "example.dev/v1beta1");
      const seen = await client.get(current, "d", ns);
      deepEqual([seen?.apiVersion, seen?.metadata.uid], ["example.dev/v1", made.metadata.uid]);
      const grown = await client.update(older, { ...made, spec: { size: 2 } });
      deepEqual([grown.apiVersion, grown.metadata.generation], ["example.dev/v1beta1", 2]);
      const same = await client.update(older, grown);
      equal(same.metadata.resourceVersion, grown.metadata.resourceVersion);
      const listed = await client.list(current, { namespace: ns });
      deepEqual(
        listed.items.map(({ apiVersion, spec }) => [apiVersion, spec]),
        [["example.dev/v1", { size: 2, replicas: 1 }]],
      );
    });

    test("gives every namespace a service account and the authority", async () => {
      const ns = await newNamespace();
      const ca = await eventually(() => client.get(ConfigMap, "kube-root-ca.crt", ns));
      equal(ca.data?.["ca.crt"], cluster.server.caPem);
      equal((await client.resourceFor("v1", "ServiceAccount")).plural, "serviceaccounts");
    });

    test("serves custom resources until their definition is deleted", async () => {
      const definition = structuredClone(widgetDefinition);
      definition.metadata.name = "gadgets.example.dev";
      definition.spec.names = { plural: "gadgets", kind: "Gadget", shortNames: ["gd"] };
      equal((await client.create(CustomResourceDefinition, definition)).status?.conditions, null);
      const status = await eventually(async () => {
        const found = await client.get(CustomResourceDefinition, "gadgets.example.dev");
        return found?.status?.conditions ? found.status : undefined;
      });
      deepEqual(
        status.conditions?.map((condition) => [condition.type, condition.status]),
        [
          ["NamesAccepted", "True"],
          ["Established", "True"],
        ],
      );
      const gadget = await client.resourceFor("example.dev/v1", "Gadget");
      const ns = await newNamespace();
      await client.create(gadget, widget("g", ns, { size: 1 }));
      await client.delete(CustomResourceDefinition, { name: "gadgets.example.dev" });
      await eventually(async () => (await client.get(CustomResourceDefinition, "gadgets.example.dev")) === undefined);
      await rejects(client.list(gadget), reason("NotFound"));
      await client.create(CustomResourceDefinition, definition);
      deepEqual((await client.list(gadget)).items, []);
      await client.delete(CustomResourceDefinition, { name: "gadgets.example.dev" });
    });

    test("deletes collections", async () => {
      const ns = await newNamespace();
      for (const name of ["x1", "x2", "y1"])
        await client.create(ConfigMap, config(name, ns, {}, { group: name.charAt(0) }));
      const path = `/api/v1/namespaces/${ns}/configmaps`;
      await client.transport.request({ method: "DELETE", path, query: { labelSelector: "group=x" } });
      deepEqual(names(await client.list(ConfigMap, { namespace: ns, labels: "group" })), ["y1"]);
    });

    test("streams logs from whoever runs the pod", async () => {
      const ns = await newNamespace();
      await client.create(Pod, {
        metadata: { name: "l", namespace: ns },
        spec: { containers: [{ name: "c", image: "x" }] },
      });
      const path = `/api/v1/namespaces/${ns}/pods/l/log`;
      await rejects(client.transport.stream({ method: "GET", path }), reason("ServiceUnavailable"));
      cluster.server.setPodStreams({
        logs: async function* (namespace, pod, container, query) {
          yield Buffer.from(`${namespace}/${pod}/${container} `);
          yield Buffer.from(String(query.tailLines));
        },
        container: () => undefined,
        connect: () => Promise.reject(new Error("nothing runs")),
      });
      const chunks: Uint8Array[] = [];
      for await (const chunk of await client.transport.stream({ method: "GET", path, query: { tailLines: "5" } }))
        chunks.push(chunk);
      cluster.server.setPodStreams(undefined);
      equal(Buffer.concat(chunks).toString(), `${ns}/l/c 5`);
      await rejects(client.transport.stream({ method: "GET", path, query: { container: "no" } }), reason("BadRequest"));
    });
  });
