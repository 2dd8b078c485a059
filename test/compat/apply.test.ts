// Server-side apply and managedFields to the letter, and against a simple model of them.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { CustomResourceDefinition } from "#api/builtin/index.ts";
import type { ManagedFieldsEntry, Unstructured } from "#api/meta.ts";
import { StatusError } from "#kit/status.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { type Cluster, startCluster, Widget, widgetDefinition } from "./cluster.ts";

let cluster: Cluster;
let admin: KubeClient;
let seconds = 0;
before(async () => {
  cluster = await startCluster({ clock: () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)) });
  admin = new KubeClient(cluster.inProcess);
  await admin.create(CustomResourceDefinition, widgetDefinition);
});
after(() => cluster[Symbol.asyncDispose]());

const configMaps = "/api/v1/namespaces/default/configmaps";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const APPLY = "application/apply-patch+yaml";
const MERGE = "application/merge-patch+json";

type Options = { manager: string; force?: boolean; type?: string; query?: Record<string, string> };
async function patch(
  path: string,
  body: object,
  { manager, force, type = APPLY, query }: Options,
): Promise<Unstructured> {
  const options = { fieldManager: manager, ...(force && { force: "true" }), ...query };
  return (await cluster.inProcess.request({
    method: "PATCH",
    path,
    query: options,
    body,
    contentType: type,
  })) as Unstructured;
}

async function statusOf(promise: Promise<unknown>): Promise<StatusError["status"]> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new Error("it was not refused");
}

const entriesOf = (object: Unstructured): ManagedFieldsEntry[] => object.metadata.managedFields ?? [];
const named = (object: Unstructured, manager: string): ManagedFieldsEntry | undefined =>
  entriesOf(object).find((entry) => entry.manager === manager);

const config = (name: string, data: object) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
const template = (spec: object) => ({ metadata: { labels: { app: "d" } }, spec });
const deployment = (name: string, spec: object) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: { selector: { matchLabels: { app: "d" } }, ...spec },
});

test("the creator of a built-in object owns its fields, not the structs that it always has", async () => {
  const spec = {
    replicas: 2,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } },
    template: template({ containers: [{ name: "c", image: "i", resources: { limits: { cpu: "1" } } }] }),
  };
  const body = deployment("owned", spec);
  const created = (await cluster.inProcess.request({
    method: "POST",
    path: deployments,
    query: { fieldManager: "creator" },
    body,
  })) as Unstructured;
  const [entry] = entriesOf(created);
  deepEqual([entry?.manager, entry?.operation, entry?.subresource], ["creator", "Update", undefined]);
  const fields = entry?.fieldsV1?.["f:spec"] as Record<string, Record<string, object>>;
  equal("." in fields, false);
  deepEqual(Object.keys(fields["f:strategy"] ?? {}), ["f:type", "f:rollingUpdate"]);
  deepEqual(fields["f:strategy"]?.["f:rollingUpdate"], { ".": {}, "f:maxSurge": {}, "f:maxUnavailable": {} });
  deepEqual(fields["f:selector"], {});
  const pod = (fields["f:template"]?.["f:spec"] ?? {}) as Record<string, Record<string, Record<string, object>>>;
  const container = pod["f:containers"]?.['k:{"name":"c"}'];
  deepEqual([container?.["."], container?.["f:name"], container?.["f:image"]], [{}, {}, {}]);
  deepEqual(container?.["f:resources"], { ".": {}, "f:limits": { ".": {}, "f:cpu": {} } });
  deepEqual(pod["f:securityContext"], {});
});

test("the creator of a custom object owns its spec as well", async () => {
  const created = await admin.create(Widget, { metadata: { name: "w", namespace: "default" }, spec: { size: 1 } });
  deepEqual(entriesOf(created)[0]?.fieldsV1, { "f:spec": { ".": {}, "f:replicas": {}, "f:size": {} } });
});

test("conflicts name manager and field, one cause each", async () => {
  await patch(`${configMaps}/conflict`, config("conflict", { a: "1", b: "1" }), { manager: "one" });
  await patch(`${configMaps}/conflict`, { data: { c: "1" } }, { manager: "editor", type: MERGE });
  const first = await statusOf(patch(`${configMaps}/conflict`, config("conflict", { a: "2" }), { manager: "two" }));
  deepEqual([first.code, first.reason], [409, "Conflict"]);
  equal(first.message, 'Apply failed with 1 conflict: conflict with "one": .data.a');
  const all = await statusOf(
    patch(`${configMaps}/conflict`, config("conflict", { a: "2", b: "2", c: "2" }), { manager: "two" }),
  );
  equal(
    all.message,
    'Apply failed with 3 conflicts: conflicts with "editor" using v1:\n- .data.c\nconflicts with "one":\n- .data.a\n- .data.b',
  );
  deepEqual(all.details?.causes?.[2], {
    reason: "FieldManagerConflict",
    message: 'conflict with "editor" using v1',
    field: ".data.c",
  });
});

test("a field that several give stays until the last of them leaves it out", async () => {
  const path = `${configMaps}/shared`;
  await patch(path, config("shared", { both: "1", mine: "1" }), { manager: "one" });
  await patch(path, config("shared", { both: "1" }), { manager: "two" });
  const left = await patch(path, config("shared", {}), { manager: "one" });
  deepEqual(left.data, { both: "1" });
  deepEqual((await patch(path, config("shared", {}), { manager: "two" })).data, undefined);
});

test("a list item that its owner leaves out goes with all that nobody applied", async () => {
  const path = `${deployments}/items`;
  const containers = [
    { name: "a", image: "i", ports: [{ containerPort: 80 }] },
    { name: "b", image: "i" },
  ];
  const namesOf = (object: Unstructured): string[] =>
    (
      object as unknown as { spec: { template: { spec: { containers: { name: string }[] } } } }
    ).spec.template.spec.containers.map(({ name }) => name);
  deepEqual(namesOf(await patch(path, deployment("items", { template: template({ containers }) }), { manager: "m" })), [
    "a",
    "b",
  ]);
  await patch(
    path,
    { spec: { template: { spec: { containers: [{ name: "b", image: "edited" }] } } } },
    { manager: "e", type: "application/strategic-merge-patch+json" },
  );
  const fewer = deployment("items", { template: template({ containers: containers.slice(0, 1) }) });
  deepEqual(namesOf(await patch(path, fewer, { manager: "m" })), ["a"]);
});

test("times move with what a manager changes, and only then", async () => {
  const path = `${configMaps}/times`;
  seconds = 0;
  await patch(path, config("times", { a: "1" }), { manager: "m" });
  seconds = 10;
  const same = await patch(path, config("times", { a: "1" }), { manager: "m" });
  equal(named(same, "m")?.time, "2026-01-01T00:00:00Z");
  const other = await patch(path, { data: { b: "1" } }, { manager: "e", type: MERGE });
  deepEqual([named(other, "m")?.time, named(other, "e")?.time], ["2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z"]);
  seconds = 20;
  const changed = await patch(path, { data: { b: "2" } }, { manager: "e", type: MERGE });
  equal(named(changed, "e")?.time, "2026-01-01T00:00:20Z");
  seconds = 30;
  const removed = await patch(path, { data: { a: null } }, { manager: "e", type: MERGE });
  deepEqual([named(removed, "m"), named(removed, "e")?.time], [undefined, "2026-01-01T00:00:20Z"]);
});

test("managedFields can be dropped, and are not kept again before somebody applies", async () => {
  const path = `${configMaps}/reset`;
  await patch(path, config("reset", { a: "1" }), { manager: "m" });
  const kept = await patch(path, { metadata: { managedFields: [] } }, { manager: "e", type: MERGE });
  ok(named(kept, "m"));
  const dropped = await patch(path, { metadata: { managedFields: [{}] } }, { manager: "e", type: MERGE });
  deepEqual(entriesOf(dropped), []);
  deepEqual(entriesOf(await patch(path, { data: { b: "1" } }, { manager: "e", type: MERGE })), []);
  const status = await statusOf(patch(path, config("reset", { a: "2" }), { manager: "m" }));
  equal(status.message, 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a');
  const forced = await patch(path, config("reset", { a: "2" }), { manager: "m", force: true });
  deepEqual(
    entriesOf(forced).map(({ manager, operation }) => `${operation} ${manager}`),
    ["Apply m", "Update before-first-apply"],
  );
});

test("kubectl takes over on the server what it has applied from the client", async () => {
  const path = `${configMaps}/moved`;
  const applied = config("moved", { a: "1" });
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(applied) };
  await cluster.inProcess.request({
    method: "POST",
    path: configMaps,
    query: { fieldManager: "kubectl-client-side-apply" },
    body: { ...applied, metadata: { name: "moved", annotations } },
  });
  const next = config("moved", { a: "2" });
  match(String((await statusOf(patch(path, next, { manager: "flux" }))).message), /kubectl-client-side-apply/);
  const moved = await patch(path, next, { manager: "kubectl" });
  deepEqual(moved.data, { a: "2" });
  const note = moved.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"] ?? "";
  deepEqual(JSON.parse(note), next);
});

test("only the ten newest updates are kept apart", async () => {
  const path = `${configMaps}/many`;
  seconds = 0;
  await patch(path, config("many", {}), { manager: "m" });
  let last: Unstructured | undefined;
  for (let index = 0; index < 13; index++) {
    seconds = index;
    last = await patch(path, { data: { [`k${index}`]: "1" } }, { manager: `e${index}`, type: MERGE });
  }
  const updates = entriesOf(last as Unstructured).filter(({ operation }) => operation === "Update");
  equal(updates.length, 10);
  deepEqual(Object.keys((named(last as Unstructured, "ancient-changes")?.fieldsV1?.["f:data"] ?? {}) as object), [
    ".",
    "f:k0",
    "f:k1",
    "f:k2",
    "f:k3",
  ]);
});

test("status and scale are owned through their subresources", async () => {
  await admin.create(Widget, { metadata: { name: "sub", namespace: "default" }, spec: { size: 1 } });
  const path = "/apis/example.dev/v1/namespaces/default/widgets/sub";
  const identity = { apiVersion: "example.dev/v1", kind: "Widget", metadata: { name: "sub" } };
  await patch(`${path}/status`, { ...identity, status: { replicas: 1 }, spec: { size: 9 } }, { manager: "s" });
  await patch(`${path}/scale`, { spec: { replicas: 3 } }, { manager: "k", type: MERGE });
  const widget = (await cluster.inProcess.request({ method: "GET", path })) as Unstructured;
  deepEqual(named(widget, "s")?.fieldsV1, { "f:status": { "f:replicas": {} } });
  deepEqual([named(widget, "s")?.subresource, named(widget, "k")?.subresource], ["status", "scale"]);
  deepEqual(widget.spec, { size: 1, replicas: 3 });
});

const REFUSED: [title: string, body: object, options: Options, code: number, message: RegExp][] = [
  [
    "managedFields",
    { metadata: { managedFields: [{ manager: "x" }] } },
    { manager: "m" },
    400,
    /managedFields must be nil/,
  ],
  ["no manager", {}, { manager: "" }, 422, /fieldManager: Required value: is required for apply patch/],
  ["a long manager", {}, { manager: "m".repeat(129) }, 422, /fieldManager: Too long: may not be more than 128 bytes/],
  [
    "force without apply",
    {},
    { manager: "m", force: true, type: MERGE },
    422,
    /may not be specified for non-apply patch/,
  ],
  ["an unknown dry run", {}, { manager: "m", query: { dryRun: "Some" } }, 422, /dryRun: Unsupported value: \["Some"\]/],
  ["a wrong kind", { kind: "Secret" }, { manager: "m" }, 400, /invalid object type: \/v1, Kind=Secret/],
];

for (const [title, body, options, code, message] of REFUSED)
  test(`refuses ${title}`, async () => {
    const status = await statusOf(patch(`${configMaps}/refused`, { ...config("refused", {}), ...body }, options));
    equal(status.code, code, status.message);
    match(String(status.message), message);
  });

type Step =
  | { kind: "apply"; manager: string; data: Record<string, string>; force: boolean }
  | { kind: "update"; manager: string; data: Record<string, string | null> };

const manager = fc.constantFrom("one", "two", "three");
const key = fc.constantFrom("a", "b", "c", "d");
const value = fc.constantFrom("1", "2");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("apply" as const),
    manager,
    data: fc.dictionary(key, value, { noNullPrototype: true, minKeys: 1 }),
    force: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("update" as const),
    manager,
    data: fc.dictionary(key, fc.option(value), { noNullPrototype: true }),
  }),
);

/** What server-side apply comes down to for a flat map: values, and who owns which key. */
class Model {
  readonly data = new Map<string, string>();
  readonly owners = new Map<string, Set<string>>();

  private ownersOf(of: string): Set<string> {
    const found = this.owners.get(of) ?? new Set();
    this.owners.set(of, found);
    return found;
  }

  private remove(of: string): void {
    this.data.delete(of);
    this.owners.delete(of);
  }

  update({ manager: by, data }: Extract<Step, { kind: "update" }>): void {
    for (const [name, next] of Object.entries(data)) {
      if (next === null) this.remove(name);
      else if (this.data.get(name) !== next) {
        this.data.set(name, next);
        this.owners.set(name, new Set([`Update ${by}`]));
      }
    }
  }

  /** Returns the keys in conflict; then nothing has changed. */
  apply({ manager: by, data, force }: Extract<Step, { kind: "apply" }>): string[] {
    const self = `Apply ${by}`;
    const changed = Object.keys(data).filter((name) => this.data.get(name) !== data[name]);
    const conflicts = changed.flatMap((name) =>
      [...this.ownersOf(name)].filter((owner) => owner !== self).map(() => name),
    );
    if (conflicts.length > 0 && !force) return conflicts.sort();
    for (const name of changed) {
      this.data.set(name, data[name] ?? "");
      this.owners.set(name, new Set());
    }
    for (const name of Object.keys(data)) this.ownersOf(name).add(self);
    for (const [name, owners] of [...this.owners]) {
      if (Object.hasOwn(data, name) || !owners.delete(self) || owners.size > 0) continue;
      this.remove(name);
    }
    return [];
  }

  shown(): object {
    const owners = [...this.owners]
      .filter(([, names]) => names.size > 0)
      .map(([name, names]) => [name, [...names].sort()]);
    return { data: Object.fromEntries([...this.data].sort()), owners: Object.fromEntries(owners.sort()) };
  }
}

function shown(object: Unstructured): object {
  const owners = new Map<string, string[]>();
  for (const { manager: by, operation, fieldsV1 } of entriesOf(object))
    for (const name of Object.keys((fieldsV1?.["f:data"] ?? {}) as object).filter((element) => element !== "."))
      owners.set(name.slice(2), [...(owners.get(name.slice(2)) ?? []), `${operation} ${by}`].sort());
  const data = Object.entries((object.data ?? {}) as object).sort();
  return { data: Object.fromEntries(data), owners: Object.fromEntries([...owners].sort()) };
}

test("three managers get what the model says, whatever they do", async () => {
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const name = `model-${serial++}`;
      const path = `${configMaps}/${name}`;
      const model = new Model();
      await patch(
        path,
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { keep: "yes" } } },
        { manager: "keeper" },
      );
      for (const next of steps) {
        if (next.kind === "update") {
          model.update(next);
          deepEqual(
            shown(await patch(path, { data: next.data }, { manager: next.manager, type: MERGE })),
            model.shown(),
          );
          continue;
        }
        const conflicts = model.apply(next);
        const applied = patch(path, config(name, next.data), { manager: next.manager, force: next.force });
        if (conflicts.length === 0) deepEqual(shown(await applied), model.shown());
        else {
          const { details } = await statusOf(applied);
          deepEqual((details?.causes ?? []).map(({ field }) => field?.replace(".data.", "")).sort(), conflicts);
        }
      }
    }),
    { numRuns: 120 },
  );
});
