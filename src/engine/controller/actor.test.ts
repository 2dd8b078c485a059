/** Which bindings concern a service account, and that every change of what it may do shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { concerns } from "./actor.ts";
import { controller } from "./controller.ts";
import { settled } from "./outcome.ts";
import { runPass } from "./testkit.ts";

const account = { namespace: "team", name: "default" };
const GROUP = "rbac.authorization.k8s.io";

const CASES: [title: string, subject: object, bindingNamespace: string | undefined, expected: boolean][] = [
  ["itself", { kind: "ServiceAccount", name: "default", namespace: "team" }, undefined, true],
  ["itself, in the namespace of the binding", { kind: "ServiceAccount", name: "default" }, "team", true],
  ["one of that name elsewhere", { kind: "ServiceAccount", name: "default", namespace: "other" }, "team", false],
  ["another one", { kind: "ServiceAccount", name: "builder", namespace: "team" }, "team", false],
  ["its user name", { kind: "User", name: "system:serviceaccount:team:default" }, undefined, true],
  ["a user of that name", { kind: "User", name: "default" }, "team", false],
  ["accounts of the namespace", { kind: "Group", name: "system:serviceaccounts:team" }, undefined, true],
  ["accounts of another namespace", { kind: "Group", name: "system:serviceaccounts:other" }, undefined, false],
  ["all accounts", { kind: "Group", name: "system:serviceaccounts" }, undefined, true],
  ["everybody who is known", { kind: "Group", name: "system:authenticated" }, undefined, true],
];
for (const [title, subject, namespace, expected] of CASES)
  test(`a binding that names ${title}`, () => {
    const binding = { metadata: { name: "b", namespace }, subjects: [subject], roleRef: {} };
    assert.equal(concerns(binding as unknown as k8s.RoleBinding, account), expected);
  });

const object = (
  kind: string,
  name: string,
  version: string,
  more: object = {},
  namespace: string | undefined = "team",
) => ({
  apiVersion: kind === "ServiceAccount" || kind === "ConfigMap" ? "v1" : `${GROUP}/v1`,
  kind,
  metadata: { name, ...(namespace && { namespace }), uid: `${kind}-${name}`, resourceVersion: version },
  ...more,
});
const binding = (name: string, version: string, kind: string, role: string, namespace?: string) =>
  object(
    kind === "Role" ? "RoleBinding" : "ClusterRoleBinding",
    name,
    version,
    {
      roleRef: { apiGroup: GROUP, kind, name: role },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
    namespace ?? (kind === "Role" ? "team" : ""),
  );

async function rightsIn(world: object[]): Promise<string> {
  let rights = "";
  const probe = controller({
    name: "probe",
    for: ConfigMap as never,
    async reconcile(_object, context) {
      rights = (await context.actor(account, ["team"])).rights;
      return settled();
    },
  });
  await runPass(probe as never, { world: [...world, object("ConfigMap", "probe", "1")], key: "team/probe" });
  return rights;
}

test("rights change with the account, its bindings and their roles, and with nothing else", async () => {
  const world = (over: Record<string, string> = {}) => [
    object("ServiceAccount", "default", over.account ?? "1"),
    binding("own", over.binding ?? "1", "Role", "stamp"),
    binding("all", over.clusterBinding ?? "1", "ClusterRole", "look"),
    object("Role", "stamp", over.role ?? "1"),
    object("ClusterRole", "look", over.clusterRole ?? "1", {}, ""),
    object("Role", "other", over.other ?? "1"),
    binding("elsewhere", over.elsewhere ?? "1", "Role", "stamp", "other"),
  ];
  const before = await rightsIn(world());
  for (const changed of ["binding", "clusterBinding", "role", "clusterRole"])
    assert.notEqual(await rightsIn(world({ [changed]: "2" })), before, changed);
  for (const same of ["account", "other", "elsewhere"])
    assert.equal(await rightsIn(world({ [same]: "2" })), before, same);
});

test("an account that is not there", async () => {
  await assert.rejects(rightsIn([]), /^StatusError: serviceaccounts "default" not found$/);
});
