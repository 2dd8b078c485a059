/** What the templates of the catalog stamp for workloads of every shape. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Output } from "../output.ts";
import { type ParamSources, resolveParams } from "../params.ts";
import { stamp } from "../stamp.ts";
import { templateTextRenderer } from "../ytt.ts";
import { catalog } from "./chains.ts";
import { CATALOG_TEMPLATES } from "./templates.ts";

type Given = {
  metadata?: object;
  spec?: object;
  params?: Record<string, unknown>;
  sources?: Record<string, Output>;
  images?: Record<string, Output>;
  configs?: Record<string, Output>;
  deployment?: Output;
};

const renderText = templateTextRenderer();
const GIT = { git: { url: "https://git.example/web", ref: { branch: "main" } } };
const LABELS = { "carto.run/resource-name": "step" };
const SOURCE: Output = { kind: "source", url: "http://x/a.tar.gz", revision: "main/1" };
const IMAGE: Output = { kind: "image", image: "registry.example/web@sha256:1" };
const POD = {
  metadata: { annotations: { "slipway.dev/source-revision": "main/1" } },
  spec: { containers: [{ name: "workload", image: "registry.example/web@sha256:1" }] },
};
const GITOPS = {
  gitops_server_address: "https://git.example/",
  gitops_repository_owner: "team",
  gitops_repository_name: "ops",
};
const APPLICATION = {
  project: "default",
  destination: { server: "https://kubernetes.default.svc", namespace: "team" },
  syncPolicy: { automated: { prune: true, selfHeal: true } },
};
const RECURSE = { recurse: true, exclude: ".imgpkg/**" };
const BUNDLE = "registry.example/workloads/web-team-bundle:1234";
const REGISTRY = { registry: { server: "registry.example", repository: "workloads" } };

function stampOne(name: string, given: Given): Unstructured {
  const template = CATALOG_TEMPLATES.find(({ metadata }) => metadata.name === name) as unknown as Template;
  const params = Object.entries(given.params ?? {}).map(([param, value]) => ({ name: param, value }));
  const sources = { template: template.spec.params, blueprint: undefined, step: undefined, owner: params };
  const owner = {
    apiVersion: "carto.run/v1alpha1",
    kind: "Workload",
    metadata: { name: "web", namespace: "team", uid: "1234", ...given.metadata },
    spec: given.spec ?? { source: GIT },
  };
  const outputs = (of: Record<string, Output> = {}): ReadonlyMap<string, Output> => new Map(Object.entries(of));
  const { configs, images, sources: from, deployment } = given;
  return stamp(
    {
      template,
      owner,
      params: resolveParams(sources as ParamSources),
      inputs: {
        sources: outputs(from),
        images: outputs(images),
        configs: outputs(configs),
        ...(deployment && { deployment }),
      },
      labels: LABELS,
    },
    renderText,
  );
}

const kpack = (given: Given): Unstructured =>
  stampOne("kpack-template", { ...given, params: { ...REGISTRY, ...given.params }, sources: { source: SOURCE } });
const pod = (given: Given): Unstructured => stampOne("convention-template", { ...given, images: { image: IMAGE } });

const write = (given: Given): Unstructured =>
  stampOne("config-writer-template", {
    ...given,
    configs: { config: { kind: "config", config: { "delivery.yml": "a: 1\n" } }, pod: { kind: "config", config: POD } },
  });
const deliver = (name: string, spec: object, deployment: object): Unstructured =>
  stampOne(name, { metadata: { labels: {} }, spec, deployment: { kind: "source", ...deployment } as Output });

const IMAGE_SPEC = {
  tag: "registry.example/workloads/web-team",
  builder: { kind: "ClusterBuilder", name: "default" },
  source: { blob: { url: "http://x/a.tar.gz" } },
};
const POD_LABELS = {
  "app.kubernetes.io/component": "run",
  "app.kubernetes.io/part-of": "web",
  "carto.run/workload-name": "web",
};
const TARGETS = { "developer.conventions/target-containers": "workload" };
const CONTAINER = {
  name: "workload",
  image: "registry.example/web@sha256:1",
  terminationMessagePolicy: "FallbackToLogsOnError",
};
const RELOAD = { name: "BP_LIVE_RELOAD_ENABLED", value: "true" };

const ROWS: { name: string; stamped: () => Unstructured; expect: object }[] = [
  {
    name: "source in Git",
    stamped: () => stampOne("source-template", {}),
    expect: { kind: "GitRepository", spec: { interval: "1m", url: GIT.git.url, ref: { branch: "main" } } },
  },
  {
    name: "source in Git, with credentials and without ref",
    stamped: () =>
      stampOne("source-template", {
        spec: { source: { git: { url: GIT.git.url } } },
        params: { gitops_ssh_secret: "ops", source_credentials_secret: "own" },
      }),
    expect: { spec: { interval: "1m", url: GIT.git.url, secretRef: { name: "own" } } },
  },
  {
    name: "source in Git, with the credentials of the GitOps repository",
    stamped: () => stampOne("source-template", { params: { gitops_ssh_secret: "ops" } }),
    expect: { spec: { interval: "1m", url: GIT.git.url, ref: { branch: "main" }, secretRef: { name: "ops" } } },
  },
  {
    name: "source as an image, with a service account",
    stamped: () =>
      stampOne("source-template", {
        spec: { source: { image: "registry.example/source:1" } },
        params: { serviceAccount: "puller" },
      }),
    expect: { spec: { image: "registry.example/source:1", serviceAccountName: "puller" } },
  },
  {
    name: "source as an image",
    stamped: () => stampOne("source-template", { spec: { source: { image: "registry.example/source:1" } } }),
    expect: { kind: "ImageRepository", spec: { image: "registry.example/source:1" } },
  },
  { name: "a build", stamped: () => kpack({}), expect: { kind: "Image", spec: IMAGE_SPEC } },
  {
    name: "a build with an environment",
    stamped: () => kpack({ spec: { source: GIT, build: { env: [{ name: "A", value: "no" }] } } }),
    expect: { spec: { ...IMAGE_SPEC, build: { env: [{ name: "A", value: "no" }] } } },
  },
  {
    name: "a build for live update",
    stamped: () => kpack({ params: { "live-update": "true" } }),
    expect: { spec: { ...IMAGE_SPEC, build: { env: [RELOAD] } } },
  },
  {
    name: "a build of a part of the source, with a service account",
    stamped: () => kpack({ spec: { source: { ...GIT, subPath: "app" } }, params: { serviceAccount: "builder" } }),
    expect: {
      spec: {
        ...IMAGE_SPEC,
        serviceAccountName: "builder",
        source: { ...IMAGE_SPEC.source, subPath: "app" },
      },
    },
  },
  {
    name: "a pod",
    stamped: () => pod({}),
    expect: {
      kind: "PodIntent",
      spec: {
        template: { metadata: { annotations: TARGETS, labels: POD_LABELS }, spec: { containers: [CONTAINER] } },
      },
    },
  },
  {
    name: "a pod with environment and resources",
    stamped: () => pod({ spec: { env: [{ name: "A", value: "1" }], resources: { limits: { memory: "1Gi" } } } }),
    expect: {
      spec: {
        template: {
          metadata: { annotations: TARGETS, labels: POD_LABELS },
          spec: {
            containers: [{ ...CONTAINER, env: [{ name: "A", value: "1" }], resources: { limits: { memory: "1Gi" } } }],
          },
        },
      },
    },
  },
  {
    name: "a pod with labels and annotations of the workload, without those of tools",
    stamped: () =>
      pod({
        metadata: {
          labels: { zone: "a", "app.kubernetes.io/part-of": "shop", "kapp.k14s.io/app": "1" },
          annotations: { note: "n", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
        },
      }),
    expect: {
      spec: {
        template: {
          metadata: {
            annotations: { note: "n", ...TARGETS },
            labels: { ...POD_LABELS, zone: "a", "app.kubernetes.io/part-of": "shop" },
          },
          spec: { containers: [CONTAINER] },
        },
      },
    },
  },
  {
    name: "a pod for live update and debugging, with a service account",
    stamped: () => pod({ params: { "live-update": true, debug: "true", serviceAccount: "runner", annotations: {} } }),
    expect: {
      spec: {
        serviceAccountName: "runner",
        template: {
          metadata: {
            annotations: { "apps.tanzu.vmware.com/live-update": "true", "apps.tanzu.vmware.com/debug": "true" },
            labels: POD_LABELS,
          },
          spec: { serviceAccountName: "runner", containers: [CONTAINER] },
        },
      },
    },
  },
  {
    name: "the commit of a build",
    stamped: () =>
      stampOne("config-writer-template", {
        params: GITOPS,
        configs: {
          config: { kind: "config", config: { "delivery.yml": "a: 1\n" } },
          pod: { kind: "config", config: POD },
        },
      }),
    expect: {
      kind: "ConfigCommit",
      spec: {
        repository: { url: "https://git.example/team/ops.git", branch: "main" },
        path: "config/team/web",
        files: { "delivery.yml": "a: 1\n" },
        message: "Deliver team/web",
        provenance: {
          "Slipway-Workload": "team/web",
          "Slipway-Source-Revision": "main/1",
          "Slipway-Image": "registry.example/web@sha256:1",
        },
      },
    },
  },
  {
    name: "the commit by somebody, in words, with credentials",
    stamped: () =>
      write({
        params: {
          ...GITOPS,
          gitops_branch: "live",
          gitops_user_name: "chain",
          gitops_user_email: "chain@example.com",
          gitops_commit_message: "ship it",
          gitops_ssh_secret: "git",
        },
        spec: { image: "i" },
      }),
    expect: {
      spec: {
        repository: { url: "https://git.example/team/ops.git", branch: "live", secretRef: { name: "git" } },
        path: "config/team/web",
        message: "ship it",
        author: { name: "chain", email: "chain@example.com" },
        files: { "delivery.yml": "a: 1\n" },
        provenance: { "Slipway-Workload": "team/web", "Slipway-Image": "registry.example/web@sha256:1" },
      },
    },
  },
  {
    name: "the bundle of a build",
    stamped: () => write({ params: { ...REGISTRY, serviceAccount: "pusher" } }),
    expect: {
      kind: "ConfigBundle",
      spec: {
        image: BUNDLE,
        serviceAccountName: "pusher",
        files: { "delivery.yml": "a: 1\n" },
        images: ["registry.example/web@sha256:1"],
        provenance: {
          "Slipway-Workload": "team/web",
          "Slipway-Source-Revision": "main/1",
          "Slipway-Image": "registry.example/web@sha256:1",
        },
      },
    },
  },
  {
    name: "a deliverable in Git, with the labels of the workload",
    stamped: () =>
      stampOne("deliverable-template", { params: GITOPS, metadata: { labels: { a: "1", "kapp.k14s.io/app": "2" } } }),
    expect: {
      kind: "Deliverable",
      metadata: {
        name: "web",
        namespace: "team",
        labels: {
          a: "1",
          "app.kubernetes.io/component": "deliverable",
          "app.tanzu.vmware.com/deliverable-type": "web",
          ...LABELS,
        },
      },
      spec: {
        source: {
          git: { url: "https://git.example/team/ops.git", ref: { branch: "main" } },
          subPath: "config/team/web",
        },
      },
    },
  },
  {
    name: "a deliverable in the registry",
    stamped: () => stampOne("deliverable-template", { params: { ...REGISTRY, serviceAccount: "puller" } }),
    expect: { spec: { params: [{ name: "serviceAccount", value: "puller" }], source: { image: BUNDLE } } },
  },
  {
    name: "a deliverable for other clusters",
    stamped: () => stampOne("external-deliverable-template", { params: REGISTRY }),
    expect: {
      kind: "ConfigMap",
      metadata: { name: "web-deliverable", namespace: "team", labels: LABELS },
      data: {
        deliverable: `apiVersion: carto.run/v1alpha1
kind: Deliverable
metadata:
  name: web
  labels:
    app.kubernetes.io/component: deliverable
    app.tanzu.vmware.com/deliverable-type: web
spec:
  source:
    image: ${BUNDLE}
`,
      },
    },
  },
  {
    name: "where an image to deliver comes from",
    stamped: () => deliver("delivery-source-template", { source: { image: BUNDLE } }, {}),
    expect: { kind: "ImageRepository", spec: { image: BUNDLE, serviceAccountName: "default" } },
  },
  {
    name: "where a branch to deliver comes from",
    stamped: () => deliver("delivery-git-source-template", { source: GIT }, {}),
    expect: { kind: "ConfigMap", data: { url: GIT.git.url, revision: "main" } },
  },
  {
    name: "the application of a bundle",
    stamped: () =>
      deliver("app-deploy", { source: { image: BUNDLE } }, { url: "http://x", revision: `${BUNDLE}@sha256:1` }),
    expect: {
      kind: "Application",
      spec: {
        ...APPLICATION,
        source: {
          name: `${BUNDLE}@sha256:1`,
          repoURL: "oci://registry.example/workloads/web-team-bundle",
          targetRevision: "sha256:1",
          path: ".",
          directory: RECURSE,
        },
      },
    },
  },
  {
    name: "the application of a branch",
    stamped: () =>
      deliver("app-deploy", { source: { ...GIT, subPath: "config" } }, { url: GIT.git.url, revision: "main" }),
    expect: {
      spec: {
        ...APPLICATION,
        source: {
          name: "main",
          repoURL: GIT.git.url,
          targetRevision: "main",
          path: "config",
          directory: RECURSE,
        },
      },
    },
  },
];

for (const { name, stamped, expect } of ROWS)
  test(`catalog: ${name}`, () => {
    const object = stamped() as unknown as Record<string, unknown>;
    assert.deepEqual(Object.fromEntries(Object.keys(expect).map((key) => [key, object[key]])), expect);
  });

test("catalog: the commit of a finished image names no source", () => {
  const config: Output = { kind: "config", config: POD };
  const configs = { config, pod: config };
  const commit = stampOne("config-writer-template", { params: GITOPS, spec: { image: "i" }, configs });
  const { provenance } = commit.spec as { provenance: object };
  assert.deepEqual(Object.keys(provenance), ["Slipway-Workload", "Slipway-Image"]);
});

test("catalog: a commit of source whose pod does not say its revision is refused", () => {
  const config: Output = { kind: "config", config: { ...POD, metadata: { annotations: {} } } };
  const configs = { config, pod: config };
  for (const params of [GITOPS, REGISTRY])
    assert.throws(() => stampOne("config-writer-template", { params, configs }), /source-revision/);
});

const MANIFEST = `  name: web
  labels:
    app.kubernetes.io/part-of: web
    app.kubernetes.io/component: run
    carto.run/workload-name: web
spec:
`;
const TEMPLATE = `  template:
    metadata:
      annotations:
        slipway.dev/source-revision: main/1
    spec:
      containers:
      - image: registry.example/web@sha256:1
        name: workload
`;
const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
${MANIFEST}  selector:
    matchLabels:
      carto.run/workload-name: web
${TEMPLATE}`;

const DELIVERED: Record<string, string> = {
  "config-template": `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
${MANIFEST}${TEMPLATE}`,
  "worker-template": DEPLOYMENT,
  "server-template": `${DEPLOYMENT}---
apiVersion: v1
kind: Service
metadata:
${MANIFEST}  selector:
    carto.run/workload-name: web
  ports:
  - name: http
    port: 8080
    targetPort: 8080
`,
};

for (const [name, text] of Object.entries(DELIVERED))
  test(`catalog: what ${name} delivers`, () => {
    const map = stampOne(name, { configs: { config: { kind: "config", config: POD } } });
    assert.equal((map.data as Record<string, string>)["delivery.yml"], text);
  });

const REPOSITORIES: [params: Record<string, string>, url: string, path: string][] = [
  [GITOPS, "https://git.example/team/ops.git", "config/team/web"],
  [{ ...GITOPS, gitops_repository: "https://old" }, "https://git.example/team/ops.git", "config/team/web"],
  [{ ...GITOPS, gitops_server_kind: "azure" }, "https://git.example/team/_git/ops", "config/team/web"],
  [{ gitops_repository: "https://git.example/one.git" }, "https://git.example/one.git", "config"],
  [{ gitops_repository_prefix: "https://git.example/a/" }, "https://git.example/a/web.git", "config"],
];
for (const [params, url, path] of REPOSITORIES)
  test(`catalog: GitOps to ${url} below ${path}`, () => {
    const { spec } = write({ params }) as unknown as { spec: { repository: { url: string }; path: string } };
    assert.deepEqual([spec.repository.url, spec.path], [url, path]);
  });

for (const missing of Object.keys(GITOPS))
  test(`catalog: GitOps without ${missing} is refused`, () => {
    const params = { ...REGISTRY, gitops_repository: "https://old", ...GITOPS, [missing]: "" };
    for (const stamped of [() => write({ params }), () => stampOne("deliverable-template", { params })])
      assert.throws(stamped, new RegExp(`param ${missing} is missing`));
  });

test("catalog: deliverables for other clusters are an install value", () => {
  for (const externalDelivery of [true, false]) {
    const chains = catalog({ ...REGISTRY, externalDelivery }).filter(({ kind }) => kind === "ClusterSupplyChain");
    const last = chains.map(({ spec }) =>
      (spec as { resources: { templateRef: { name: string } }[] }).resources.at(-1),
    );
    const name = externalDelivery ? "external-deliverable-template" : "deliverable-template";
    assert.deepEqual(new Set(last.map((step) => step?.templateRef.name)), new Set([name]));
  }
});

test("catalog: without a GitOps repository, bundles are the default", () => {
  const chains = catalog(REGISTRY).filter(({ kind }) => kind === "ClusterSupplyChain");
  const params = chains.flatMap(({ spec }) => (spec as { params: { name: string }[] }).params);
  assert.deepEqual(
    params.filter(({ name }) => name.startsWith("gitops")),
    [],
  );
  assert.equal(write({ params: REGISTRY }).kind, "ConfigBundle");
});

test("catalog: with GitOps as the default, a workload that empties its params goes to the registry", () => {
  const chains = catalog({ ...REGISTRY, gitopsRepository: "http://127.0.0.1:7400/git/gitops.git" });
  const chain = chains.find(({ metadata }) => metadata.name === "source-to-url");
  assert.ok(chain);
  const { params } = chain.spec as { params: { name: string; default?: string }[] };
  const defaults = Object.fromEntries(params.map((param) => [param.name, param.default]));
  assert.equal(defaults.gitops_server_address, "http://127.0.0.1:7400");
  assert.deepEqual([defaults.gitops_repository_owner, defaults.gitops_repository_name], ["git", "gitops"]);
  const emptied = Object.fromEntries(Object.keys(GITOPS).map((name) => [name, ""]));
  assert.equal(write({ params: { ...REGISTRY, ...emptied } }).kind, "ConfigBundle");
});
