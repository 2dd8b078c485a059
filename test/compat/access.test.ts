// Who is who and who may do what, over HTTPS, against one server.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { after, before, test } from "node:test";
import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  Namespace,
  Pod,
  Role,
  RoleBinding,
  Secret,
  ServiceAccount,
} from "#api/builtin/index.ts";
import type { ObjectMeta } from "#api/meta.ts";
import { StatusError } from "#kit/status.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { httpTransport } from "#ports/kube/http.ts";
import type { Transport } from "#ports/kube/transport.ts";
import { type Cluster, eventually, startCluster } from "./cluster.ts";

const RBAC = "rbac.authorization.k8s.io";
const ISSUER = "https://kubernetes.default.svc";
const SPEC = { containers: [{ name: "c", image: "busybox" }] };

let cluster: Cluster;
let admin: KubeClient;
const transports: Transport[] = [];

before(async () => {
  cluster = await startCluster();
  admin = new KubeClient(cluster.inProcess);
});
after(async () => {
  for (const transport of transports) await transport.close();
  await cluster[Symbol.asyncDispose]();
});

function as(token: string): Transport {
  const transport = httpTransport({ server: cluster.server.url, ca: cluster.server.caPem, token });
  transports.push(transport);
  return transport;
}

async function tokenOf(name: string, spec: object = {}): Promise<string> {
  const path = `/api/v1/namespaces/default/serviceaccounts/${name}/token`;
  const answer = await cluster.https.request({ method: "POST", path, body: { spec } });
  return (answer as { status: { token: string } }).status.token;
}

async function user(name: string): Promise<KubeClient> {
  return new KubeClient(as(await cluster.server.issueToken({ name, groups: [] }, 600)));
}

const create = <T extends { metadata: ObjectMeta }>(resource: Parameters<KubeClient["create"]>[0], draft: object) =>
  admin.create(resource, draft as never) as Promise<T>;

function refused(reason: string, message: RegExp) {
  return (error: unknown): boolean => {
    ok(error instanceof StatusError, String(error));
    equal(error.reason, reason, error.message);
    match(error.message, message);
    return true;
  };
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

const post = (transport: Transport, path: string, body: unknown): Promise<unknown> =>
  transport.request({ method: "POST", path, body: body as never });

async function review(transport: Transport, kind: string, spec: object, namespace?: string) {
  const plural = `${kind.toLowerCase()}s`;
  const group =
    kind.startsWith("Token") || kind === "SelfSubjectReview" ? "authentication.k8s.io" : "authorization.k8s.io";
  const path = `/apis/${group}/v1/${namespace ? `namespaces/${namespace}/` : ""}${plural}`;
  const answer = await post(transport, path, { kind, apiVersion: `${group}/v1`, spec });
  return (answer as { status: Record<string, unknown> }).status;
}

test("tokens say whose they are, and anybody can check them", async () => {
  const account = await create<{ metadata: ObjectMeta }>(ServiceAccount, {
    metadata: { name: "speaker", namespace: "default" },
  });
  const token = await tokenOf("speaker", { audiences: [ISSUER, "other"], expirationSeconds: 7200 });
  const claims = claimsOf(token);
  deepEqual(claims.aud, [ISSUER, "other"]);
  equal(claims.sub, "system:serviceaccount:default:speaker");
  equal(Number(claims.exp) - Number(claims.iat), 7200);
  deepEqual(claims["kubernetes.io"], {
    namespace: "default",
    serviceaccount: { name: "speaker", uid: account.metadata.uid },
  });
  const known = (await as(token).request({ method: "GET", path: "/.well-known/openid-configuration" })) as {
    issuer: string;
    jwks_uri: string;
  };
  deepEqual([known.issuer, known.jwks_uri], [ISSUER, `${cluster.server.url}/openid/v1/jwks`]);
  const { keys } = (await as(token).request({ method: "GET", path: "/openid/v1/jwks" })) as { keys: object[] };
  const [head = "", body = "", signature = ""] = token.split(".");
  const key = { key: createPublicKey({ key: keys[0] as never, format: "jwk" }), dsaEncoding: "ieee-p1363" } as const;
  ok(verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url")));
});

test("a token is reviewed for the audiences that are asked about", async () => {
  const token = await tokenOf("speaker", { audiences: ["vault"] });
  await rejects(as(token).request({ method: "GET", path: "/api/v1/pods" }), refused("Unauthorized", /Unauthorized/));
  deepEqual(await review(cluster.https, "TokenReview", { token }), { user: {}, error: "invalid bearer token" });
  const status = await review(cluster.https, "TokenReview", { token, audiences: ["vault", "else"] });
  deepEqual([status.authenticated, status.audiences], [true, ["vault"]]);
  deepEqual((status.user as { groups: string[] }).groups, [
    "system:serviceaccounts",
    "system:serviceaccounts:default",
    "system:authenticated",
  ]);
  await rejects(review(cluster.https, "TokenReview", {}), refused("BadRequest", /token is required/));
});

test("refuses bad token requests", async () => {
  await rejects(
    tokenOf("speaker", { expirationSeconds: 10 }),
    refused(
      "Invalid",
      /^TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes$/,
    ),
  );
  await rejects(tokenOf("nobody"), refused("NotFound", /serviceaccounts "nobody" not found/));
  const bound = { boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "x" } };
  await rejects(tokenOf("speaker", bound), refused("BadRequest", /cannot bind token to object of type/));
  const pod = { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "missing" } };
  await rejects(tokenOf("speaker", pod), refused("NotFound", /pods "missing" not found/));
});

test("tokens die with their account and with what they are bound to", async () => {
  await create(ServiceAccount, { metadata: { name: "mortal", namespace: "default" } });
  const pod = await create<{ metadata: ObjectMeta }>(Pod, {
    metadata: { name: "bound", namespace: "default" },
    spec: { ...SPEC, serviceAccountName: "mortal" },
  });
  await create(Secret, { metadata: { name: "bound", namespace: "default" } });
  const tokens = {
    free: await tokenOf("mortal"),
    pod: await tokenOf("mortal", { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "bound" } }),
    secret: await tokenOf("mortal", { boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "bound" } }),
  };
  const { extra } = (
    (await review(as(tokens.pod), "SelfSubjectReview", {})) as {
      userInfo: { extra: Record<string, string[]> };
    }
  ).userInfo;
  deepEqual(extra["authentication.kubernetes.io/pod-name"], ["bound"]);
  deepEqual(extra["authentication.kubernetes.io/pod-uid"], [pod.metadata.uid]);
  deepEqual(extra["authentication.kubernetes.io/credential-id"], [`JTI=${String(claimsOf(tokens.pod).jti)}`]);
  const good = async (): Promise<string[]> => {
    const found = await Promise.all(
      Object.entries(tokens).map(async ([name, token]) => (await cluster.server.authenticateToken(token)) && name),
    );
    return found.filter((name) => name !== undefined);
  };
  deepEqual(await good(), ["free", "pod", "secret"]);
  await admin.delete(Pod, { name: "bound", namespace: "default" });
  deepEqual(await good(), ["free", "secret"]);
  await admin.delete(Secret, { name: "bound", namespace: "default" });
  deepEqual(await good(), ["free"]);
  await admin.delete(ServiceAccount, { name: "mortal", namespace: "default" });
  deepEqual(await good(), []);
  await create(ServiceAccount, { metadata: { name: "mortal", namespace: "default" } });
  deepEqual(await good(), []);
});

test("says who asks, and lets those who may be somebody else", async () => {
  const jane = await user("jane");
  const who = async (transport: Transport): Promise<unknown> =>
    ((await review(transport, "SelfSubjectReview", {})) as { userInfo: unknown }).userInfo;
  const janeTransport = transports.at(-1) as Transport;
  deepEqual(await who(janeTransport), { username: "jane", groups: ["system:authenticated"] });
  await create(ClusterRole, {
    metadata: { name: "impersonator" },
    rules: [
      { apiGroups: [""], resources: ["users"], resourceNames: ["joe"], verbs: ["impersonate"] },
      { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["impersonate"] },
      { apiGroups: ["authentication.k8s.io"], resources: ["userextras/scopes"], verbs: ["impersonate"] },
    ],
  });
  await create(ClusterRoleBinding, {
    metadata: { name: "impersonator" },
    roleRef: { kind: "ClusterRole", name: "impersonator", apiGroup: RBAC },
    subjects: [{ kind: "User", name: "jane" }],
  });
  const token = await cluster.server.issueToken({ name: "jane", groups: [] }, 600);
  const pretend = async (headers: Record<string, string | string[]>): Promise<Record<string, unknown>> => {
    const { request } = await import("node:https");
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${cluster.server.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`,
        {
          method: "POST",
          ca: cluster.server.caPem,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
        },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on("end", () => resolve(JSON.parse(text)));
        },
      );
      outgoing.on("error", reject);
      outgoing.end("{}");
    });
  };
  const joe = await pretend({ "Impersonate-User": "joe", "Impersonate-Extra-Scopes": ["a", "b"] });
  deepEqual((joe.status as { userInfo: unknown }).userInfo, {
    username: "joe",
    groups: ["system:authenticated"],
    extra: { scopes: ["a", "b"] },
  });
  const account = await pretend({ "Impersonate-User": "system:serviceaccount:default:x" });
  deepEqual((account.status as { userInfo: { groups: string[] } }).userInfo.groups, [
    "system:serviceaccounts",
    "system:serviceaccounts:default",
    "system:authenticated",
  ]);
  equal(
    (await pretend({ "Impersonate-User": "root" })).message,
    'users "root" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
  equal(
    (await pretend({ "Impersonate-User": "joe", "Impersonate-Group": ["system:masters", "x"] })).message,
    'groups "system:masters" is forbidden: User "jane" cannot impersonate resource "groups" in API group "" at the cluster scope',
  );
  equal((await pretend({ "Impersonate-Group": "x" })).code, 400);
  await rejects(jane.list(ConfigMap), refused("Forbidden", /^configmaps is forbidden: User "jane" cannot list/));
});

test("denies in the words of a real server", async () => {
  const x = await user("x");
  const cases: [() => Promise<unknown>, string][] = [
    [
      () => x.list(Pod, { namespace: "default" }),
      'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      () => x.list(Role),
      `roles.${RBAC} is forbidden: User "x" cannot list resource "roles" in API group "${RBAC}" at the cluster scope`,
    ],
    [
      () => x.get(Namespace, "default"),
      'namespaces "default" is forbidden: User "x" cannot get resource "namespaces" in API group "" in the namespace "default"',
    ],
  ];
  for (const [act, message] of cases)
    await rejects(
      act(),
      (error: unknown) => error instanceof StatusError && equal(error.message, message) === undefined,
    );
  await create(RoleBinding, {
    metadata: { name: "dangling", namespace: "default" },
    roleRef: { kind: "Role", name: "gone", apiGroup: RBAC },
    subjects: [{ kind: "User", name: "x" }],
  });
  await rejects(
    x.list(Pod, { namespace: "default" }),
    refused("Forbidden", /in the namespace "default": RBAC: role.rbac.authorization.k8s.io "gone" not found$/),
  );
});

test("answers access reviews", async () => {
  await create(ClusterRoleBinding, {
    metadata: { name: "viewer" },
    roleRef: { kind: "ClusterRole", name: "view", apiGroup: RBAC },
    subjects: [{ kind: "User", name: "viewer" }],
  });
  const pods = { verb: "list", resource: "pods", namespace: "default" };
  deepEqual(await review(cluster.https, "SubjectAccessReview", { user: "viewer", resourceAttributes: pods }), {
    allowed: true,
    reason: 'RBAC: allowed by ClusterRoleBinding "viewer" of ClusterRole "view" to User "viewer"',
  });
  const secrets = { ...pods, resource: "secrets" };
  deepEqual(await review(cluster.https, "SubjectAccessReview", { user: "viewer", resourceAttributes: secrets }), {
    allowed: false,
  });
  const log = { verb: "get", resource: "pods", subresource: "log", namespace: "default" };
  deepEqual(
    (await review(cluster.https, "LocalSubjectAccessReview", { user: "viewer", resourceAttributes: log }, "default"))
      .allowed,
    true,
  );
  await rejects(
    review(cluster.https, "LocalSubjectAccessReview", { user: "viewer", resourceAttributes: pods }, "kube-system"),
    refused("Invalid", /must match metadata.namespace/),
  );
  await user("viewer");
  const viewer = transports.at(-1) as Transport;
  equal((await review(viewer, "SelfSubjectAccessReview", { resourceAttributes: pods })).allowed, true);
  equal(
    (await review(viewer, "SelfSubjectAccessReview", { nonResourceAttributes: { verb: "get", path: "/apis/apps" } }))
      .allowed,
    true,
  );
  equal(
    (await review(viewer, "SelfSubjectAccessReview", { nonResourceAttributes: { verb: "get", path: "/metrics" } }))
      .allowed,
    false,
  );
  await rejects(
    review(viewer, "SelfSubjectAccessReview", {}),
    refused("Invalid", /exactly one of nonResourceAttributes or resourceAttributes must be specified/),
  );
  await rejects(
    review(viewer, "SubjectAccessReview", { user: "a", resourceAttributes: pods }),
    refused("Forbidden", /cannot create resource "subjectaccessreviews"/),
  );
  const rules = await review(viewer, "SelfSubjectRulesReview", { namespace: "default" });
  ok((rules.resourceRules as { resources: string[] }[]).some(({ resources }) => resources.includes("pods/log")));
  ok((rules.nonResourceRules as { nonResourceURLs: string[] }[]).length > 0);
  await rejects(
    cluster.https.request({ method: "GET", path: "/apis/authorization.k8s.io/v1/subjectaccessreviews" }),
    refused("MethodNotAllowed", /does not allow this method/),
  );
});

test("roles are for their namespace, their names and their subresources", async () => {
  await create(Role, {
    metadata: { name: "one", namespace: "default" },
    rules: [
      { apiGroups: [""], resources: ["configmaps"], resourceNames: ["kube-root-ca.crt"], verbs: ["get", "list"] },
    ],
  });
  await create(RoleBinding, {
    metadata: { name: "one", namespace: "default" },
    roleRef: { kind: "Role", name: "one" },
    subjects: [{ kind: "User", name: "narrow" }],
  });
  const narrow = await user("narrow");
  ok(await narrow.get(ConfigMap, "kube-root-ca.crt", "default"));
  equal(
    (await narrow.list(ConfigMap, { namespace: "default", fields: "metadata.name=kube-root-ca.crt" })).items.length,
    1,
  );
  await rejects(narrow.list(ConfigMap, { namespace: "default" }), refused("Forbidden", /cannot list/));
  await rejects(narrow.get(ConfigMap, "kube-root-ca.crt", "kube-system"), refused("Forbidden", /cannot get/));
  await admin.delete(RoleBinding, { name: "one", namespace: "default" });
  await rejects(narrow.get(ConfigMap, "kube-root-ca.crt", "default"), refused("Forbidden", /cannot get/));
});

test("nobody grants what he does not have", async () => {
  await create(ClusterRole, {
    metadata: { name: "role-writer" },
    rules: [
      { apiGroups: [RBAC], resources: ["*"], verbs: ["create", "update", "patch", "get"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] },
    ],
  });
  await create(ClusterRoleBinding, {
    metadata: { name: "role-writer" },
    roleRef: { kind: "ClusterRole", name: "role-writer" },
    subjects: [{ kind: "User", name: "eve" }],
  });
  const eve = await user("eve");
  const role = (verbs: string[]) => ({
    metadata: { name: "mine", namespace: "default" },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs }],
  });
  ok(await eve.create(Role, role(["get"]) as never));
  await rejects(eve.update(Role, role(["get", "delete"]) as never), (error: unknown) => {
    ok(error instanceof StatusError);
    equal(
      error.message,
      `roles.${RBAC} "mine" is forbidden: user "eve" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}`,
    );
    return true;
  });
  const binding = (kind: string, name: string) => ({
    metadata: { name: `to-${name}`, namespace: "default" },
    roleRef: { apiGroup: RBAC, kind, name },
    subjects: [{ kind: "User", name: "eve" }],
  });
  ok(await eve.create(RoleBinding, binding("Role", "mine") as never));
  await rejects(
    eve.create(RoleBinding, binding("ClusterRole", "cluster-admin") as never),
    refused("Forbidden", /attempting to grant RBAC permissions not currently held:\n\{APIGroups:\["\*"\]/),
  );
  await rejects(
    eve.create(RoleBinding, binding("Role", "nowhere") as never),
    refused("NotFound", /roles.rbac.authorization.k8s.io "nowhere" not found/),
  );
  await create(ClusterRole, {
    metadata: { name: "binder" },
    rules: [{ apiGroups: [RBAC], resources: ["clusterroles"], resourceNames: ["cluster-admin"], verbs: ["bind"] }],
  });
  await create(ClusterRoleBinding, {
    metadata: { name: "binder" },
    roleRef: { kind: "ClusterRole", name: "binder" },
    subjects: [{ kind: "User", name: "eve" }],
  });
  ok(await eve.create(RoleBinding, binding("ClusterRole", "cluster-admin") as never));
});

test("aggregates roles", async () => {
  const rules = [{ apiGroups: ["example.dev"], resources: ["widgets"], verbs: ["get"] }];
  const labels = { [`${RBAC}/aggregate-to-view`]: "true" };
  await create(ClusterRole, { metadata: { name: "widget-viewer", labels }, rules });
  const includes = async (name: string): Promise<boolean> => {
    const role = (await admin.get(ClusterRole, name)) as unknown as { rules: { apiGroups?: string[] }[] };
    return role.rules.some(({ apiGroups }) => apiGroups?.includes("example.dev"));
  };
  for (const name of ["view", "edit", "admin"]) await eventually(() => includes(name));
  await admin.delete(ClusterRole, { name: "widget-viewer" });
  for (const name of ["view", "edit", "admin"]) await eventually(async () => !(await includes(name)));
});

test("validates roles and bindings", async () => {
  const cases: [Parameters<KubeClient["create"]>[0], object, string][] = [
    [
      Role,
      { rules: [{ apiGroups: [""], resources: ["pods"], verbs: [] }] },
      "rules[0].verbs: Required value: verbs must contain at least one value",
    ],
    [
      Role,
      { rules: [{ resources: ["pods"], verbs: ["get"] }] },
      "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
    ],
    [
      Role,
      { rules: [{ apiGroups: [""], verbs: ["get"] }] },
      "rules[0].resources: Required value: resource rules must supply at least one resource",
    ],
    [
      Role,
      { rules: [{ nonResourceURLs: ["/x"], verbs: ["get"] }] },
      'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    ],
    [
      RoleBinding,
      { roleRef: { kind: "Pod", name: "x" } },
      'roleRef.kind: Unsupported value: "Pod": supported values: "Role", "ClusterRole"',
    ],
    [
      RoleBinding,
      { roleRef: { kind: "Role", name: "x" }, subjects: [{ kind: "Robot", name: "r" }] },
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ],
  ];
  for (const [resource, rest, message] of cases)
    await rejects(
      create(resource, { metadata: { name: "bad", namespace: "default" }, ...rest }),
      (error: unknown) =>
        error instanceof StatusError &&
        equal(error.message, `${resource.kind}.${RBAC} "bad" is invalid: ${message}`) === undefined,
    );
  const binding = { metadata: { name: "fixed", namespace: "default" }, roleRef: { kind: "Role", name: "a" } };
  await create(RoleBinding, binding);
  await rejects(
    admin.update(RoleBinding, { ...binding, roleRef: { kind: "Role", name: "b" } } as never),
    refused(
      "Invalid",
      /roleRef: Invalid value: \{"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"\}: cannot change roleRef$/,
    ),
  );
});

test("pods run as accounts that exist", async () => {
  await rejects(
    create(Pod, { metadata: { name: "p", namespace: "default" }, spec: { ...SPEC, serviceAccountName: "x" } }),
    refused(
      "Forbidden",
      /^pods "p" is forbidden: error looking up service account default\/x: serviceaccount "x" not found$/,
    ),
  );
  await create(ServiceAccount, {
    metadata: { name: "puller", namespace: "default" },
    imagePullSecrets: [{ name: "registry" }],
  });
  const pod = await create<{ metadata: ObjectMeta; spec: { imagePullSecrets: object[] } }>(Pod, {
    metadata: { name: "p", namespace: "default" },
    spec: { ...SPEC, serviceAccountName: "puller" },
  });
  deepEqual(pod.spec.imagePullSecrets, [{ name: "registry" }]);
  await create(Namespace, { metadata: { name: "fresh" } });
  ok(await create(Pod, { metadata: { name: "p", namespace: "fresh" }, spec: SPEC }));
});

test("says what keeps a namespace", async () => {
  await create(Namespace, { metadata: { name: "held" } });
  await create(ConfigMap, { metadata: { name: "c", namespace: "held", finalizers: ["example.dev/hold"] } });
  await admin.delete(Namespace, { name: "held" });
  type Held = { status: { conditions?: { type: string; status: string; reason: string; message: string }[] } };
  const conditions = await eventually(async () => {
    const { status } = (await admin.get(Namespace, "held")) as unknown as Held;
    return (
      status.conditions?.find(({ message }) => message.endsWith("configmaps. has 1 resource instances")) &&
      status.conditions
    );
  });
  deepEqual(
    conditions.map(({ type, status, reason }) => [type, status, reason]),
    [
      ["NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered"],
      ["NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions"],
      ["NamespaceDeletionContentFailure", "False", "ContentDeleted"],
      ["NamespaceContentRemaining", "True", "SomeResourcesRemain"],
      ["NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain"],
    ],
  );
  await admin.patch(
    ConfigMap,
    { name: "c", namespace: "held" },
    { type: "merge", body: { metadata: { finalizers: null } } },
  );
  await eventually(async () => (await admin.get(Namespace, "held")) === undefined);
});
