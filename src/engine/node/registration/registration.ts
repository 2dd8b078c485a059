/** The Node object that stands for this machine, and the lease by which others see that it is alive. */
import { Lease, Node } from "#api/builtin/index.ts";
import type { NodeStatus } from "#api/builtin/types.gen.ts";
import { findCondition } from "#kit/conditions.ts";
import { hasReason } from "#kit/status.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import type { NodeEvents } from "../events.ts";
import { type Headroom, type Machine, readMachine } from "./machine.ts";
import { type NodeFacts, nodeStatus, saysTheSame } from "./node-status.ts";

const BEAT_MS = 10_000;
/** A status that says nothing new is written no more often. */
const REPORT_MS = 300_000;
const LEASE_SECONDS = 40;
const LEASES = "kube-node-lease";

export type RegistrationOptions = {
  client: KubeClient;
  events: NodeEvents;
  nodeName: string;
  hostIP: string;
  runtime: { name: string; limitations: readonly string[] };
  measure: () => Promise<Headroom>;
  pressures: () => NodeFacts["pressures"];
  /** Images on this node, at most so many as a status should list. */
  images: () => NodeFacts["images"];
  clock: () => Date;
  log: (message: string, detail?: Record<string, unknown>) => void;
};

/** One machine's registration. */
export class Registration {
  private readonly options: RegistrationOptions;
  private readonly machine: Machine;
  private reportedAt = Number.NEGATIVE_INFINITY;
  private uid = "";
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();

  private constructor(options: RegistrationOptions, machine: Machine) {
    this.options = options;
    this.machine = machine;
  }

  /** Creates the Node object, or brings the one of an earlier run up to date, says that it is ready, and goes on saying so. */
  static async start(options: RegistrationOptions): Promise<Registration> {
    const registration = new Registration(options, await readMachine());
    await registration.register();
    registration.schedule();
    return registration;
  }

  /** Says at once what has changed. */
  async refresh(): Promise<void> {
    await this.report(undefined);
  }

  /** Says that the node is not ready any more. */
  async retire(): Promise<void> {
    clearTimeout(this.timer);
    await this.beating;
    await this.report({
      reason: "NodeStopped",
      message: "the node was stopped; its pods start again when it comes back",
    });
  }

  private async register(): Promise<void> {
    const { client, nodeName: name, runtime } = this.options;
    const labels = {
      "kubernetes.io/hostname": name,
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": this.machine.architecture,
    };
    const annotations = { "slipway.dev/sandbox-limitations": JSON.stringify(runtime.limitations) };
    const metadata = { name, labels, annotations };
    this.options.events.recordNode("Normal", "Starting", "Starting kubelet.");
    const known = await client.get(Node, name);
    const node = known
      ? await client.patch(Node, { name }, { type: "merge", body: { metadata: { labels, annotations } } })
      : await client.create(Node, { metadata, spec: {} });
    this.uid = node.metadata.uid ?? "";
    await Promise.all([this.report(undefined), this.renew()]);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.beating = this.beat().finally(() => this.schedule());
    }, BEAT_MS).unref();
  }

  private async beat(): Promise<void> {
    for (const work of [() => this.renew(), () => this.report(undefined)])
      await work().catch((error: unknown) =>
        this.options.log("the node's heartbeat cannot be written", { error: String(error) }),
      );
  }

  private async renew(): Promise<void> {
    const { client, nodeName: name, clock } = this.options;
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: clock().toISOString().replace("Z", "000Z"),
    };
    try {
      await client.patch(Lease, { name, namespace: LEASES }, { type: "merge", body: { spec } });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid: this.uid }];
      await client.create(Lease, { metadata: { name, namespace: LEASES, ownerReferences }, spec });
    }
  }

  private async report(notReady: NodeFacts["notReady"]): Promise<void> {
    const { client, nodeName: name, hostIP, runtime, measure, pressures, images, clock } = this.options;
    const now = clock();
    const facts = {
      ...{ nodeName: name, hostIP, runtime: runtime.name, machine: this.machine, notReady },
      disk: (await measure()).disk,
      pressures: pressures(),
      images: images(),
      now: `${now.toISOString().slice(0, 19)}Z`,
    };
    // What the server has: others say that the node is silent when it has been so for too long.
    const previous = (await client.get(Node, name))?.status;
    const status = nodeStatus(facts, previous);
    if (saysTheSame(previous, { ...previous, ...status }) && now.getTime() - this.reportedAt < REPORT_MS) return;
    await client.patch(Node, { name }, { type: "merge", body: { status } }, { subresource: "status" });
    this.announce(previous, status);
    this.reportedAt = now.getTime();
  }

  /** An event for each condition that has turned. */
  private announce(previous: NodeStatus | undefined, status: NodeStatus): void {
    const { events, nodeName } = this.options;
    for (const { type, status: value, reason = "" } of status.conditions ?? []) {
      const before = findCondition({ status: previous } as never, type);
      if (before?.status === value) continue;
      const told =
        type === "Ready" ? (value === "True" ? "NodeReady" : "NodeNotReady") : reason.replace("Kubelet", "Node");
      events.recordNode("Normal", told, `Node ${nodeName} status is now: ${told}`);
    }
  }
}
