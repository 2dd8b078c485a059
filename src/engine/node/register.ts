/** The Node object that stands for this machine. */
import { arch, availableParallelism, hostname, machine, release, totalmem } from "node:os";
import { Node } from "#api/builtin/index.ts";
import type { Node as NodeObject, NodeStatus } from "#api/builtin/types.gen.ts";
import type { KubeClient } from "#ports/kube/client.ts";

const MAX_PODS = 110;
const ARCHITECTURES: { readonly [arch: string]: string } = { x64: "amd64", arm64: "arm64" };

export type NodeFacts = {
  nodeName: string;
  hostIP: string;
  runtime: string;
  /** What the sandbox does not enforce. */
  limitations: readonly string[];
  /** RFC 3339. */
  now: string;
};

/** Creates the Node object, or brings the one of an earlier run up to date, and says that it is ready. */
export async function registerNode(client: KubeClient, facts: NodeFacts): Promise<NodeObject> {
  const { nodeName: name, limitations } = facts;
  const labels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": ARCHITECTURES[arch()] ?? arch(),
  };
  const annotations = { "slipway.dev/sandbox-limitations": JSON.stringify(limitations) };
  const metadata = { name, labels, annotations };
  const known = await client.get(Node, name);
  if (known) await client.patch(Node, { name }, { type: "merge", body: { metadata: { labels, annotations } } });
  else await client.create(Node, { metadata, spec: {} });
  return await writeStatus(client, name, statusOf(facts, known, true));
}

/** Says that the node is not ready any more. */
export async function retireNode(client: KubeClient, facts: NodeFacts): Promise<void> {
  const known = await client.get(Node, facts.nodeName);
  if (known) await writeStatus(client, facts.nodeName, statusOf(facts, known, false));
}

async function writeStatus(client: KubeClient, name: string, status: NodeStatus): Promise<NodeObject> {
  return await client.patch(Node, { name }, { type: "merge", body: { status } }, { subresource: "status" });
}

function statusOf(facts: NodeFacts, known: NodeObject | undefined, ready: boolean): NodeStatus {
  const resources = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: String(MAX_PODS),
  };
  const before = known?.status?.conditions?.find(({ type }) => type === "Ready");
  const status = ready ? "True" : "False";
  return {
    capacity: resources,
    allocatable: resources,
    addresses: [
      { type: "InternalIP", address: facts.hostIP },
      { type: "Hostname", address: facts.nodeName },
    ],
    conditions: [
      {
        type: "Ready",
        status,
        reason: ready ? "KubeletReady" : "NodeStopped",
        message: ready ? "the node runs pods" : "the node was stopped; its pods start again when it comes back",
        lastHeartbeatTime: facts.now,
        lastTransitionTime: before?.status === status ? (before.lastTransitionTime ?? facts.now) : facts.now,
      },
    ],
    nodeInfo: {
      architecture: ARCHITECTURES[arch()] ?? arch(),
      bootID: "",
      containerRuntimeVersion: `${facts.runtime}://1`,
      kernelVersion: release(),
      kubeProxyVersion: "v1.34.0",
      kubeletVersion: "v1.34.0",
      machineID: machine(),
      operatingSystem: "linux",
      osImage: hostname(),
      systemUUID: "",
    },
  };
}
