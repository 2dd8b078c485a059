import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import type { Unstructured } from "#api/meta.ts";
import { ignoredPointers, isDifferent, stampOf } from "./compare.ts";
import { whyForbidden, whyInvalid } from "./permits.ts";

function object(metadata: object, more: object = {}): Unstructured {
  return { apiVersion: "v1", kind: "X", metadata: { name: "x", ...metadata }, ...more };
}

test("only what an apply would change is a difference", () => {
  const live = object(
    { uid: "1", resourceVersion: "5", managedFields: [] },
    { spec: { a: 1, list: ["x"] }, status: { ok: true } },
  );
  assert.equal(isDifferent(live, object({ resourceVersion: "9" }, { spec: { a: 1, list: ["x"] } }), []), false);
  assert.equal(isDifferent(live, object({}, { spec: { a: 2, list: ["x"] } }), []), true);
  assert.equal(isDifferent(live, object({ labels: { x: "1" } }, { spec: { a: 1, list: ["x"] } }), []), true);
  assert.equal(
    isDifferent(live, object({}, { spec: { a: 2, list: ["y"] } }), ["/spec/a", "/spec/list/0", "/spec/nope/x"]),
    false,
  );
});

test("rules of ignoreDifferences are chosen by group, kind, name and namespace", () => {
  const rules = [
    { group: "apps", kind: "Deployment", jsonPointers: ["/spec/replicas"] },
    { group: "*", kind: "*", name: "web", jsonPointers: ["/metadata/labels/a~1b"] },
    { kind: "Deployment", jsonPointers: ["/wrong-group"] },
    { group: "apps", kind: "Deployment", namespace: "other", jsonPointers: ["/wrong-namespace"] },
  ];
  const identity = { group: "apps", kind: "Deployment", namespace: "dev", name: "web" };
  assert.deepEqual(ignoredPointers(rules, identity), ["/spec/replicas", "/metadata/labels/a~1b"]);
});

test("a new status alone asks for no new comparison", () => {
  const stamp = (generation: number, resourceVersion: string, labels = {}) =>
    stampOf(object({ generation, resourceVersion, labels }, { spec: {} }));
  assert.equal(stamp(1, "5"), stamp(1, "6"));
  assert.notEqual(stamp(1, "5"), stamp(2, "6"));
  assert.notEqual(stamp(1, "5"), stamp(1, "6", { a: "b" }));
  assert.notEqual(stampOf(object({ resourceVersion: "5" })), stampOf(object({ resourceVersion: "6" })));
});

type Spec = Application["spec"];
const spec: Spec = {
  project: "p",
  source: { repoURL: "https://git/team/a.git" },
  destination: { name: "in-cluster", namespace: "dev" },
};

test("specifications that cannot be carried out", () => {
  assert.equal(whyInvalid(spec), undefined);
  for (const [change, message] of [
    [{ source: undefined }, /repoURL is required/],
    [{ sources: [{ repoURL: "x" }] }, /spec\.sources/],
    [{ source: { repoURL: "x", chart: "y" } }, /plain directories/],
    [{ destination: {} }, /must have server or name/],
    [{ destination: { name: "in-cluster", server: "x" } }, /not both/],
    [{ destination: { name: "prod" } }, /no clusters with this name: prod/],
  ] as const)
    assert.match(whyInvalid({ ...spec, ...change } as Spec) ?? "", message);
});

test("what a project permits", () => {
  const app = (more: Partial<Spec> = {}) => ({ metadata: { name: "a" }, spec: { ...spec, ...more } }) as Application;
  const project = (more: object) => ({ metadata: { name: "p" }, spec: more }) as AppProject;
  const open = { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }] };
  assert.equal(whyForbidden(app({ project: "default" }), undefined), undefined);
  assert.match(whyForbidden(app(), undefined) ?? "", /does not exist/);
  assert.equal(whyForbidden(app(), project(open)), undefined);
  assert.equal(whyForbidden(app(), project({ ...open, sourceRepos: ["https://git/team/*"] })), undefined);
  assert.match(
    whyForbidden(app(), project({ ...open, sourceRepos: ["https://git/other/*"] })) ?? "",
    /repo .* is not permitted/,
  );
  assert.match(
    whyForbidden(app(), project({ ...open, sourceRepos: ["*", "!https://git/team/*"] })) ?? "",
    /not permitted/,
  );
  assert.match(
    whyForbidden(app(), project({ ...open, destinations: [{ server: "*", namespace: "prod-*" }] })) ?? "",
    /allowed destinations/,
  );
});
