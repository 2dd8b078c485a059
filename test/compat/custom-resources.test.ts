// Custom resources over the whole life of their definition: rules, defaults, versions, names, selectors, deletion.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { request as requestHttps } from "node:https";
import { after, before, test } from "node:test";
import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import { CustomResourceDefinition, Namespace } from "#api/builtin/index.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { ConfigCommit } from "#api/slipway.dev/config-commit.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import { StatusError } from "#kit/status.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { type Cluster, eventually, startCluster } from "./cluster.ts";

let cluster: Cluster;
let admin: KubeClient;
before(async () => {
  cluster = await startCluster();
  admin = new KubeClient(cluster.inProcess);
  await admin.create(Namespace, { metadata: { name: "crs" }, spec: {} });
});
after(() => cluster[Symbol.asyncDispose]());

const namespace = "crs";

/** Creates a definition and waits until it has its names. */
async function establish(
  draft: Parameters<typeof admin.create<CustomResourceDefinitionObject>>[1],
): Promise<CustomResourceDefinitionObject> {
  const { metadata } = await admin.create(CustomResourceDefinition, draft);
  return eventually(async () => {
    const found = await admin.get(CustomResourceDefinition, metadata.name);
    return found?.status?.conditions ? found : undefined;
  });
}

const text: StructuralSchema = { type: "string" };

function definition(plural: string, kind: string, spec: StructuralSchema, more: object = {}, names: object = {}) {
  const schema: StructuralSchema = {
    type: "object",
    properties: { spec, status: { type: "object", properties: { phase: text } } },
  };
  return {
    metadata: { name: `${plural}.test.dev` },
    spec: {
      group: "test.dev",
      scope: "Namespaced" as const,
      names: { plural, kind, ...names },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: { status: {} },
          ...more,
        },
      ],
    },
  };
}

function ref(plural: string, kind: string, version = "v1"): ResourceRef<Unstructured> {
  return { group: "test.dev", version, kind, plural, scope: "Namespaced" };
}

async function causes(promise: Promise<unknown>): Promise<string[]> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StatusError)) throw new Error(`expected a StatusError, got ${String(error)}`);
  equal(error.code, 422);
  return (error.status.details?.causes ?? []).map(({ field, reason, message }) => `${field} ${reason} ${message}`);
}

function warningsOf(path: string): Promise<string[]> {
  const { ca, cert, key } = parseKubeconfig(cluster.server.kubeconfig());
  return new Promise((resolve, reject) => {
    const outgoing = requestHttps(`${cluster.server.url}${path}`, { ca, cert, key }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve([answer.headers.warning ?? []].flat() as string[]));
    });
    outgoing.on("error", reject).end();
  });
}

test("rules are enforced, transitions too", async () => {
  const Rule = ref("ruled", "Ruled");
  const spec: StructuralSchema = {
    type: "object",
    required: ["min", "max"],
    properties: {
      min: { type: "integer" },
      max: { type: "integer" },
      zone: { ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "zone is immutable" }] },
    },
    "x-kubernetes-validations": [
      {
        rule: "self.min <= self.max",
        messageExpression: "'%d is more than %d'.format([self.min, self.max])",
        fieldPath: ".min",
      },
    ],
  };
  await admin.create(CustomResourceDefinition, definition("ruled", "Ruled", spec));
  const wrong = { metadata: { namespace, name: "a" }, spec: { min: 3, max: 2 } };
  deepEqual(await causes(admin.create(Rule, wrong)), ["spec.min FieldValueInvalid Invalid value: 3 is more than 2"]);
  deepEqual(await causes(admin.create(Rule, { ...wrong, spec: { min: 1 } })), [
    "spec.max FieldValueRequired Required value",
    "<nil> FieldValueInvalid Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  ]);
  await admin.create(Rule, { ...wrong, spec: { min: 1, max: 2, zone: "a" } });
  const patched = admin.patch(Rule, { namespace, name: "a" }, { type: "merge", body: { spec: { zone: "b" } } });
  deepEqual(await causes(patched), ['spec.zone FieldValueInvalid Invalid value: "b": zone is immutable']);
});

test("a stricter schema does not lock objects that are there", async () => {
  const Ratchet = ref("ratchets", "Ratchet");
  const loose: StructuralSchema = { type: "object", properties: { name: text, size: { type: "integer" } } };
  const created = await establish(definition("ratchets", "Ratchet", loose));
  await admin.create(Ratchet, { metadata: { namespace, name: "a" }, spec: { name: "UPPER", size: 1 } });
  const strict: StructuralSchema = {
    ...loose,
    properties: {
      ...loose.properties,
      name: { ...text, maxLength: 3, "x-kubernetes-validations": [{ rule: "self == self.lowerAscii()" }] },
    },
  };
  await admin.update(CustomResourceDefinition, {
    ...definition("ratchets", "Ratchet", strict),
    metadata: { name: "ratchets.test.dev", resourceVersion: created.metadata.resourceVersion ?? "" },
  });
  const target = { namespace, name: "a" };
  await admin.patch(Ratchet, target, { type: "merge", body: { spec: { size: 2 } } });
  deepEqual(
    (await causes(admin.patch(Ratchet, target, { type: "merge", body: { spec: { name: "OTHER" } } })))[0],
    "spec.name FieldValueTooLong Too long: may not be more than 3 bytes",
  );
});

test("our own kinds' rules count", async () => {
  await admin.create(CustomResourceDefinition, toCustomResourceDefinition(ConfigCommit) as never);
  const both = { repository: { url: "u", branch: "main" }, path: "p", files: { a: "b" }, configMapRef: { name: "c" } };
  deepEqual(await causes(admin.create(ConfigCommit, { metadata: { namespace, name: "c" }, spec: both })), [
    "spec FieldValueInvalid Invalid value: give exactly one of files and configMapRef",
  ]);
});

test("bad definitions are refused with every cause", async () => {
  const bad = definition("bads", "Bad", {
    type: "object",
    properties: { a: text },
    "x-kubernetes-validations": [{ rule: "self.b == ''" }],
  });
  const found = await causes(admin.create(CustomResourceDefinition, bad));
  equal(found.length, 1);
  match(
    found[0] ?? "",
    /^spec\.validation\.openAPIV3Schema\.properties\[spec\]\.x-kubernetes-validations\[0\]\.rule FieldValueInvalid .*compilation failed: ERROR: <input>:1:5: undefined field 'b'/,
  );
  const untyped = definition("bads", "Bad", { properties: { a: {} } });
  deepEqual(await causes(admin.create(CustomResourceDefinition, untyped)), [
    "spec.validation.openAPIV3Schema.properties[spec].properties[a].type FieldValueRequired Required value: must not be empty for specified object fields",
    "spec.validation.openAPIV3Schema.properties[spec].type FieldValueRequired Required value: must not be empty for specified object fields",
  ]);
  const odd = definition("bads", "Bad", { type: "object" });
  odd.metadata.name = "other.test.dev";
  deepEqual(await causes(admin.create(CustomResourceDefinition, odd)), [
    'metadata.name FieldValueInvalid Invalid value: "other.test.dev": must be spec.names.plural+"."+spec.group',
  ]);
  const webhook = definition("bads", "Bad", { type: "object" });
  const clientConfig = { url: "https://example.com/convert" };
  const conversion = { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"], clientConfig } };
  Object.assign(webhook.spec, { conversion });
  match(
    (await causes(admin.create(CustomResourceDefinition, webhook)))[0] ?? "",
    /^spec\.conversion\.strategy FieldValueForbidden/,
  );
});

test("defaults reach objects that are older than the schema; nulls make room for them", async () => {
  const Filled = ref("filleds", "Filled");
  const spec = (more: Record<string, StructuralSchema>): StructuralSchema => ({
    type: "object",
    properties: { a: text, ...more },
  });
  const created = await establish(definition("filleds", "Filled", spec({ old: text })));
  await admin.create(Filled, { metadata: { namespace, name: "a" }, spec: { a: "x", old: "y" } });
  await admin.update(CustomResourceDefinition, {
    ...definition("filleds", "Filled", spec({ mode: { ...text, default: "fast" } })),
    metadata: { name: "filleds.test.dev", resourceVersion: created.metadata.resourceVersion ?? "" },
  });
  deepEqual((await admin.get(Filled, "a", namespace))?.spec, { a: "x", mode: "fast" });
  const fresh = await admin.create(Filled, {
    metadata: { namespace, name: "b" },
    spec: { a: null, mode: null, junk: 1 },
  });
  deepEqual(fresh.spec, { mode: "fast" });
});

test("versions share their objects; deprecated ones say so; unserved ones are not there", async () => {
  const version = (name: string, more: object) => ({
    name,
    served: true,
    storage: false,
    schema: {
      openAPIV3Schema: {
        type: "object" as const,
        properties: { spec: { type: "object" as const, properties: { a: text } } },
      },
    },
    ...more,
  });
  const base = definition("aged", "Aged", { type: "object" });
  await admin.create(CustomResourceDefinition, {
    ...base,
    spec: {
      ...base.spec,
      versions: [
        version("v1", { storage: true }),
        version("v1beta1", { deprecated: true, deprecationWarning: "use v1" }),
        version("v1alpha1", { deprecated: true }),
        version("v0", { served: false }),
      ],
    },
  });
  await admin.create(ref("aged", "Aged", "v1beta1"), { metadata: { namespace, name: "a" }, spec: { a: "x" } });
  const seen = await admin.get(ref("aged", "Aged"), "a", namespace);
  deepEqual([seen?.apiVersion, seen?.spec], ["test.dev/v1", { a: "x" }]);
  const path = (name: string): string => `/apis/test.dev/${name}/namespaces/crs/aged/a`;
  deepEqual(await warningsOf(path("v1beta1")), ['299 - "use v1"']);
  deepEqual(await warningsOf(path("v1alpha1")), ['299 - "test.dev/v1alpha1 Aged is deprecated"']);
  deepEqual(await warningsOf(path("v1")), []);
  equal(await admin.get(ref("aged", "Aged", "v0"), "a", namespace), undefined);
});

test("fields that the definition names can select", async () => {
  const Picked = ref("pickeds", "Picked");
  const spec: StructuralSchema = { type: "object", properties: { color: text, open: { type: "boolean" } } };
  const fields = { selectableFields: [{ jsonPath: ".spec.color" }, { jsonPath: ".spec.open" }] };
  await admin.create(CustomResourceDefinition, definition("pickeds", "Picked", spec, fields));
  await admin.create(Picked, { metadata: { namespace, name: "a" }, spec: { color: "red", open: true } });
  await admin.create(Picked, { metadata: { namespace, name: "b" }, spec: { color: "blue" } });
  const names = async (selector: string): Promise<string[]> =>
    (await admin.list(Picked, { namespace, fields: selector })).items.map(({ metadata }) => metadata.name);
  deepEqual(await names("spec.color=red"), ["a"]);
  deepEqual(await names("spec.color!=red"), ["b"]);
  deepEqual(await names("spec.open=true"), ["a"]);
  await rejects(names("spec.size=1"), /field label not supported/);
});

test("two definitions do not get the same kind; the second gets it when the first has gone", async () => {
  const first = await establish(definition("firsts", "Twin", { type: "object" }));
  equal(first.status?.conditions?.find(({ type }) => type === "NamesAccepted")?.status, "True");
  await admin.create(CustomResourceDefinition, definition("seconds", "Twin", { type: "object" }));
  const condition = async (type: string): Promise<{ status?: string; reason?: string; message?: string } | undefined> =>
    (await admin.get(CustomResourceDefinition, "seconds.test.dev"))?.status?.conditions?.find(
      (one) => one.type === type,
    );
  await eventually(async () => (await condition("NamesAccepted"))?.status === "False");
  deepEqual(
    [(await condition("NamesAccepted"))?.reason, (await condition("NamesAccepted"))?.message],
    ["ListKindConflict", '"TwinList" is already in use'],
  );
  equal((await condition("Established"))?.status, "False");
  await rejects(
    admin.create(ref("seconds", "Twin"), { metadata: { namespace, name: "a" } }),
    /could not find the requested resource/,
  );
  await admin.delete(CustomResourceDefinition, { name: "firsts.test.dev" });
  await eventually(async () => (await condition("Established"))?.status === "True");
  ok(await admin.create(ref("seconds", "Twin"), { metadata: { namespace, name: "a" } }));
});

test("a deleted definition takes its objects along, waiting for their finalizers", async () => {
  const Gone = ref("gones", "Gone");
  await admin.create(CustomResourceDefinition, definition("gones", "Gone", { type: "object" }));
  await admin.create(Gone, { metadata: { namespace, name: "held", finalizers: ["test.dev/hold"] } });
  await admin.create(Gone, { metadata: { namespace, name: "free" } });
  await admin.delete(CustomResourceDefinition, { name: "gones.test.dev" });
  await eventually(async () => (await admin.get(Gone, "free", namespace)) === undefined);
  const held = await admin.get(CustomResourceDefinition, "gones.test.dev");
  equal(held?.status?.conditions?.find(({ type }) => type === "Terminating")?.status, "True");
  await rejects(
    admin.create(Gone, { metadata: { namespace, name: "new" } }),
    /create not allowed while custom resource definition is terminating/,
  );
  await admin.patch(Gone, { namespace, name: "held" }, { type: "merge", body: { metadata: { finalizers: null } } });
  await eventually(async () => (await admin.get(CustomResourceDefinition, "gones.test.dev")) === undefined);
});

test("what cannot be changed in a definition is not, and stored versions stay listed", async () => {
  const base = definition("fixeds", "Fixed", { type: "object" });
  const created = await establish(base);
  const metadata = { name: "fixeds.test.dev", resourceVersion: created.metadata.resourceVersion ?? "" };
  const changed = {
    ...base,
    metadata,
    spec: { ...base.spec, scope: "Cluster" as const, names: { plural: "fixeds", kind: "Other" } },
  };
  deepEqual(await causes(admin.update(CustomResourceDefinition, changed)), [
    'spec.scope FieldValueInvalid Invalid value: "Cluster": field is immutable',
    'spec.names.kind FieldValueInvalid Invalid value: "Other": field is immutable',
  ]);
  const [v1] = base.spec.versions;
  const v2 = { ...v1, name: "v2" } as typeof v1;
  const moved = { ...base, metadata, spec: { ...base.spec, versions: [{ ...v1, storage: false }, v2] } };
  const updated = await admin.update(CustomResourceDefinition, moved as never);
  deepEqual(updated.status?.storedVersions, ["v1", "v2"]);
  const dropped = {
    ...base,
    metadata: { ...metadata, resourceVersion: updated.metadata.resourceVersion },
    spec: { ...base.spec, versions: [v2] },
  };
  match(
    (await causes(admin.update(CustomResourceDefinition, dropped as never)))[0] ?? "",
    /^status\.storedVersions\[0\] FieldValueInvalid Invalid value: "v1": missing from spec\.versions/,
  );
});
