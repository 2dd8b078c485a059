/** What projects permit, and as whom applications are synced. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import { identityOfSync } from "./identity.ts";
import { whyObjectForbidden } from "./permits.ts";

type Spec = AppProject["spec"];
const ANYWHERE: Spec["destinations"] = [{ server: "*", namespace: "*" }];
const project = (spec: Spec): AppProject =>
  ({ metadata: { name: "p", namespace: "argocd" }, spec }) as unknown as AppProject;

const OBJECTS: [title: string, spec: Spec, object: string, permitted: boolean][] = [
  ["anything in a namespace", { destinations: ANYWHERE }, "apps/Deployment/team/web", true],
  ["nothing outside of namespaces", { destinations: ANYWHERE }, "/Namespace//web", false],
  ["what is listed", { clusterResourceWhitelist: [{ group: "", kind: "Namespace" }] }, "/Namespace//web", true],
  [
    "what is listed by name",
    { clusterResourceWhitelist: [{ group: "", kind: "Namespace", name: "team-*" }] },
    "/Namespace//team-a",
    true,
  ],
  [
    "not another name",
    { clusterResourceWhitelist: [{ group: "", kind: "Namespace", name: "team-*" }] },
    "/Namespace//web",
    false,
  ],
  [
    "not what is denied",
    {
      clusterResourceWhitelist: [{ group: "*", kind: "*" }],
      clusterResourceBlacklist: [{ group: "*", kind: "Namespace" }],
    },
    "/Namespace//web",
    false,
  ],
  [
    "not a denied kind",
    { destinations: ANYWHERE, namespaceResourceBlacklist: [{ group: "", kind: "Secret" }] },
    "/Secret/team/s",
    false,
  ],
  ["no kind of an empty list", { destinations: ANYWHERE, namespaceResourceWhitelist: [] }, "/Secret/team/s", false],
  [
    "the namespace of a destination",
    { destinations: [{ server: "*", namespace: "team-*" }] },
    "/ConfigMap/team-a/c",
    true,
  ],
  ["not another namespace", { destinations: [{ server: "*", namespace: "team-*" }] }, "/ConfigMap/other/c", false],
  ["not another cluster", { destinations: [{ server: "https://else", namespace: "*" }] }, "/ConfigMap/team/c", false],
  ["a cluster by its name", { destinations: [{ name: "in-cluster", namespace: "*" }] }, "/ConfigMap/team/c", true],
  ["all but a namespace", { destinations: [{ server: "*", namespace: "!kube-*" }] }, "/ConfigMap/team/c", true],
  [
    "not that one, whatever else is listed",
    { destinations: [{ server: "*", namespace: "!kube-*" }, ...ANYWHERE] },
    "/ConfigMap/kube-system/c",
    false,
  ],
];
for (const [title, spec, object, permitted] of OBJECTS)
  test(`a project permits ${title}`, () => {
    const [group = "", kind = "", namespace = "", name = ""] = object.split("/");
    const why = whyObjectForbidden({ group, kind, namespace, name }, namespace !== "", project(spec));
    assert.equal(why === undefined, permitted, why);
  });

const SERVER = "https://kubernetes.default.svc";
const app = (namespace: string, projectName: string, annotations: Record<string, string> = {}): Application =>
  ({
    metadata: { name: "web", namespace, annotations },
    spec: { project: projectName, destination: { server: SERVER, namespace: "dev" } },
  }) as unknown as Application;

const accounts = (...entries: [namespace: string, defaultServiceAccount: string][]): Spec => ({
  destinationServiceAccounts: entries.map(([namespace, defaultServiceAccount]) => ({
    server: SERVER,
    namespace,
    defaultServiceAccount,
  })),
});
const IDENTITIES: [title: string, app: Application, spec: Spec, expected: string | RegExp][] = [
  ["the control namespace", app("argocd", "p"), {}, "platform"],
  ["a namespace that the project lists", app("team-a", "p"), { sourceNamespaces: ["team-*"] }, "platform"],
  [
    "a namespace that the project lists, and denies",
    app("team-a", "p"),
    { sourceNamespaces: ["team-*", "!team-a"] },
    /not permitted to use project 'p'/,
  ],
  ["any other namespace", app("team", "p"), { sourceNamespaces: ["other"] }, /not permitted to use project 'p'/],
  ["any other namespace, in the default project", app("team", "default"), {}, "team/default"],
  ["any other namespace, in no project", app("team", ""), {}, "team/default"],
  ["an annotation", app("team", "default", { "slipway.dev/service-account": "own" }), {}, "team/own"],
  [
    "an annotation that asks for an account elsewhere",
    app("team", "default", { "slipway.dev/service-account": "argocd:admin" }),
    {},
    "team/argocd:admin",
  ],
  ["an annotation among operators", app("argocd", "p", { "slipway.dev/service-account": "own" }), {}, "platform"],
  [
    "an account for the destination",
    app("argocd", "p"),
    accounts(["other", "no"], ["d*", "yes"], ["*", "no"]),
    "dev/yes",
  ],
  ["an account of another namespace", app("argocd", "p"), accounts(["dev", "ops:deployer"]), "ops/deployer"],
  [
    "no account for the destination",
    app("argocd", "p"),
    accounts(["other", "no"]),
    /no matching service account found/,
  ],
];
for (const [title, application, spec, expected] of IDENTITIES)
  test(`synced as: ${title}`, () => {
    const { account, refused } = identityOfSync(application, project(spec), "argocd");
    if (expected instanceof RegExp) return assert.match(refused ?? "", expected);
    assert.equal(refused, undefined);
    assert.equal(account ? `${account.namespace}/${account.name}` : "platform", expected);
  });
