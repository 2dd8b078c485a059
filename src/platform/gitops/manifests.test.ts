import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGlob, type DirectoryOptions, parseManifests } from "./manifests.ts";
import { planTargets } from "./targets.ts";
import { instanceKey, instanceName, instanceOf } from "./tracking.ts";

function files(contents: Record<string, string>): Map<string, Uint8Array> {
  return new Map(Object.entries(contents).map(([path, text]) => [path, Buffer.from(text)]));
}

const map = (name: string, more = ""): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${more}}\n`;
const TREE = files({
  "b.yaml": `${map("b1")}---\n${map("b2")}`,
  "a.json": JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [{ apiVersion: "v1", kind: "Secret", metadata: { name: "s" } }],
  }),
  "sub/c.yml": map("c"),
  "notes.md": map("note"),
});

const DIRECTORIES: [DirectoryOptions | undefined, string[]][] = [
  [undefined, ["s", "b1", "b2"]],
  [{ recurse: true }, ["s", "b1", "b2", "c"]],
  [{ recurse: true, include: "{sub/*,*.json}" }, ["s", "c"]],
  [{ disableExtensionFilter: true, include: "*.{md,json}" }, ["s", "note"]],
  [{ recurse: true, exclude: "*.json" }, ["b1", "b2", "c"]],
];
for (const [options, expected] of DIRECTORIES)
  test(`a directory with ${JSON.stringify(options)}`, () => {
    assert.deepEqual(
      parseManifests(TREE, options).map(({ metadata }) => metadata.name),
      expected,
    );
  });

for (const [contents, message] of [
  [{ "Chart.yaml": "x: 1" }, /a Helm chart/],
  [{ "kustomization.yaml": "x: 1" }, /a Kustomize overlay/],
  [{ "a.yaml": "a: [" }, /^a\.yaml:1:/],
  [{ "a.yaml": "- 1" }, /a\.yaml, document 1 is not a Kubernetes object/],
  [{ "a.yaml": "kind: Pod" }, /a\.yaml, document 1 lacks apiVersion or kind/],
  [{ "a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {}" }, /\(Pod\) lacks metadata\.name/],
] as const)
  test(`${JSON.stringify(contents)} cannot be read`, () => {
    assert.throws(() => parseManifests(files(contents)), { name: "ManifestError", message });
  });

test("globs", () => {
  for (const [glob, text, matches] of [
    ["*.yaml", "a.yaml", true],
    ["*.yaml", "a/b.yaml", false],
    ["**/*.yaml", "a/b/c.yaml", true],
    ["{a,b}.yaml", "b.yaml", true],
    ["a?c", "abc", true],
    ["a.c", "abc", false],
    ["https://git/*", "https://git/x.git", true],
    ["{a", "a", true],
    ["a}", "a}", true],
  ] as const)
    assert.equal(compileGlob(glob).test(text), matches, `${glob} ${text}`);
});

test("targets have a namespace and a tracking id, once each, without hooks", () => {
  const hook = map("hook", ", annotations: {argocd.argoproj.io/hook: PreSync}");
  const objects = parseManifests(
    files({
      "a.yaml": [
        map("one"),
        map("two", ", namespace: other"),
        map("one"),
        hook,
        map("global").replace("ConfigMap", "ClusterRole"),
      ].join("---\n"),
    }),
  );
  const { targets, warnings } = planTargets(objects, {
    instance: "app",
    destinationNamespace: "dev",
    isNamespaced: (_version, kind) => kind !== "ClusterRole",
  });
  assert.deepEqual(
    targets.map(({ object }) => object.metadata.annotations?.["argocd.argoproj.io/tracking-id"]),
    ["app:/ConfigMap:other/two", "app:/ConfigMap:dev/one", "app:/ClusterRole:dev/global"],
  );
  assert.deepEqual(
    targets.map(({ namespace }) => namespace),
    ["other", "dev", ""],
  );
  assert.deepEqual(
    warnings.map(({ type }) => type),
    ["RepeatedResourceWarning", "ExcludedResourceWarning"],
  );
});

test("an object belongs to an application only by its own id", () => {
  const object = (id: string, namespace = "dev") => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace, annotations: { "argocd.argoproj.io/tracking-id": id } },
  });
  assert.equal(instanceOf(object("app:apps/Deployment:dev/web")), "app");
  for (const id of [
    "",
    "app",
    "app:apps/Deployment:other/web",
    "app:apps/ReplicaSet:dev/web",
    "app:/Deployment:dev/web",
    "app:apps/Deployment:dev/copy",
  ])
    assert.equal(instanceOf(object(id)), undefined, id);
  for (const app of [
    { name: "a", namespace: "argocd" },
    { name: "a", namespace: "dev" },
  ])
    assert.equal(instanceKey(instanceName(app, "argocd"), "argocd"), `${app.namespace}/${app.name}`);
});
