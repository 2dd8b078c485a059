/** What the applications of the chaos test run along: GitOps and RegistryOps to a URL, and a Job per commit by a Runnable. */
import type { Workload } from "#api/carto.run/workload.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Draft } from "#ports/kube/client.ts";
import type { Sandbox } from "../../harness/program.ts";

/** Label that a workload has to be tested instead of deployed. */
const TESTED = { chaos: "tested" };
const WEB = { "apps.tanzu.vmware.com/workload-type": "web" };
const REGISTRY_OPS = ["gitops_server_address", "gitops_repository_owner", "gitops_repository_name"].map((name) => ({
  name,
  value: "",
}));
/** The argument is the revision that the Job is for. */
const RECORD = 'echo "$0" >> /record/runs';

/** The applications, by the way that their configuration takes, or none: their names are these. */
export const FLAVOURS = ["by-git", "by-registry", "tested"] as const;
export type Flavour = (typeof FLAVOURS)[number];

export function workload(flavour: Flavour, { portBase }: Sandbox): Draft<Workload> {
  const url = `http://127.0.0.1:${portBase}/git/${flavour}.git`;
  return {
    metadata: { name: flavour, namespace: "default", labels: flavour === "tested" ? TESTED : WEB },
    spec: {
      source: { git: { url, ref: { branch: "main" } } },
      ...(flavour === "by-registry" && { params: REGISTRY_OPS }),
    },
  };
}

/** A supply chain that runs one Job for each commit; the Job adds a line to the file `runs` of the folder `record`. */
export function testedChain({ portBase }: Sandbox, record: string): Unstructured[] {
  const pod = {
    restartPolicy: "Never",
    volumes: [{ name: "record", hostPath: { path: record } }],
    containers: [
      {
        name: "test",
        image: `127.0.0.1:${portBase}/slipway/run:latest`,
        command: ["sh", "-c", RECORD, "$(runnable.spec.inputs.revision)$"],
        volumeMounts: [{ name: "record", mountPath: "/record" }],
      },
    ],
  };
  return [
    blueprintObject("ClusterRunTemplate", "chaos-job", {
      template: {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { generateName: "$(runnable.metadata.name)$-" },
        spec: { backoffLimit: 0, template: { spec: pod } },
      },
    }),
    blueprintObject("ClusterTemplate", "chaos-run", {
      template: {
        apiVersion: "carto.run/v1alpha1",
        kind: "Runnable",
        metadata: { name: "$(workload.metadata.name)$" },
        spec: { runTemplateRef: { name: "chaos-job" }, inputs: { revision: "$(source.revision)$" } },
      },
    }),
    blueprintObject("ClusterSupplyChain", "chaos-tested", {
      selector: TESTED,
      resources: [
        { name: "source-provider", templateRef: { kind: "ClusterSourceTemplate", name: "source-template" } },
        {
          name: "test",
          templateRef: { kind: "ClusterTemplate", name: "chaos-run" },
          sources: [{ name: "source", resource: "source-provider" }],
        },
      ],
    }),
  ];
}

function blueprintObject(kind: string, name: string, spec: object): Unstructured {
  return { apiVersion: "carto.run/v1alpha1", kind, metadata: { name }, spec };
}
