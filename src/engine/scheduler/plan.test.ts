import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodSpec,
  StorageClass,
} from "#api/builtin/types.gen.ts";
import { ClusterState } from "./cluster-state.ts";
import type { Surroundings } from "./filters/filter.ts";
import type { Nomination } from "./fit.ts";
import { isPending, type Placement, planPlacement } from "./plan.ts";
import { PodQueue } from "./queue.ts";
import { podRequests } from "./requests.ts";

type NodeOptions = { labels?: Record<string, string>; spec?: Node["spec"]; allocatable?: Record<string, string> };

function node(name: string, { labels = {}, spec, allocatable = {} }: NodeOptions = {}): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    spec: spec ?? {},
    status: { allocatable: { cpu: "2", memory: "4Gi", pods: "110", ...allocatable } },
  };
}

let pods = 0;

function pod(spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod {
  const name = `p${++pods}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "ns", uid: name, labels },
    spec: { containers: [{ name: "c" }], ...spec },
  };
}

const asks = (requests: Record<string, string>): Partial<PodSpec> => ({
  containers: [{ name: "c", resources: { requests } }],
});

type World = {
  nodes: readonly Node[];
  placed?: readonly (readonly [Pod, string])[];
  claims?: readonly PersistentVolumeClaim[];
  volumes?: readonly PersistentVolume[];
  classes?: readonly StorageClass[];
  nominations?: readonly Nomination[];
  budgets?: readonly PodDisruptionBudget[];
};

/** Nobody may be sent away. */
const patient = (given: Pod): Pod => ({ ...given, spec: { ...given.spec, preemptionPolicy: "Never" } });

function place(given: Pod, world: World): string {
  const placement = plan(patient(given), world);
  if ("message" in placement) return placement.message.replace(/ preemption: not eligible due to .*/, "");
  return placement.kind === "bind" ? placement.nodeName : `${placement.kind} on ${placement.nodeName}`;
}

function plan(given: Pod, world: World): Placement {
  const { nodes, placed = [], claims = [], volumes = [], classes = [], nominations = [], budgets = [] } = world;
  const state = new ClusterState();
  for (const [other, nodeName] of placed) state.setPod(other, nodeName);
  for (const one of nodes) state.setNode(one);
  const surroundings: Surroundings = {
    claim: (_, name) => claims.find(({ metadata }) => metadata.name === name),
    volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
    volumes: () => volumes,
    storageClass: (name) => classes.find(({ metadata }) => metadata.name === name),
    namespace: (name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { team: name } },
      spec: {},
    }),
  };
  return planPlacement({ pod: given, state, surroundings, nominations, budgets });
}

const one = [node("a")];
const zones = [
  node("a", { labels: { zone: "1" } }),
  node("b", { labels: { zone: "1" } }),
  node("c", { labels: { zone: "2" } }),
];
const required = (terms: object[]): Partial<PodSpec> => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
});
const apart = (key: string, app: string) => ({
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: key, labelSelector: { matchLabels: { app } } }],
  },
});
const together = (key: string, app: string) => ({
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: key, labelSelector: { matchLabels: { app } } }],
  },
});
const spread = (maxSkew: number, whenUnsatisfiable = "DoNotSchedule"): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    { topologyKey: "zone", maxSkew, whenUnsatisfiable, labelSelector: { matchLabels: { app: "web" } } },
  ],
});
const web = { app: "web" };
const tainted = node("a", { spec: { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] } });

describe("planPlacement", () => {
  const rows: [string, Pod, World, string][] = [
    ["no node at all", pod(), { nodes: [] }, "no nodes available to schedule pods"],
    ["an idle node", pod(asks({ cpu: "2", memory: "4Gi" })), { nodes: one }, "a"],
    [
      "too little of two things",
      pod(asks({ cpu: "2100m", memory: "5Gi" })),
      { nodes: one },
      "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
    ],
    [
      "what others have requested",
      pod(asks({ cpu: "500m" })),
      { nodes: one, placed: [[pod(asks({ cpu: "1600m" })), "a"]] },
      "0/1 nodes are available: 1 Insufficient cpu.",
    ],
    [
      "a resource that no node has",
      pod(asks({ "example.com/gpu": "1" })),
      { nodes: one },
      "0/1 nodes are available: 1 Insufficient example.com/gpu.",
    ],
    [
      "the number of pods",
      pod(),
      { nodes: [node("a", { allocatable: { pods: "1" } })], placed: [[pod(), "a"]] },
      "0/1 nodes are available: 1 Too many pods.",
    ],
    [
      "different reasons",
      pod({ ...asks({ cpu: "3" }), nodeSelector: { zone: "1" } }),
      { nodes: [...zones, node("d", { spec: { unschedulable: true } })] },
      "0/4 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable, 2 Insufficient cpu.",
    ],
    ["a node selector", pod({ nodeSelector: { zone: "2" } }), { nodes: zones }, "c"],
    [
      "node affinity",
      pod(required([{ matchExpressions: [{ key: "zone", operator: "NotIn", values: ["1"] }] }])),
      { nodes: zones },
      "c",
    ],
    [
      "node affinity by name",
      pod(required([{ matchFields: [{ key: "metadata.name", operator: "In", values: ["b"] }] }])),
      { nodes: zones },
      "b",
    ],
    [
      "a preference",
      pod({
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, preference: { matchExpressions: [{ key: "zone", operator: "In", values: ["2"] }] } },
            ],
          },
        },
      }),
      { nodes: zones },
      "c",
    ],
    ["a taint", pod(), { nodes: [tainted] }, "0/1 nodes are available: 1 node(s) had untolerated taint(s)."],
    ["a tolerated taint", pod({ tolerations: [{ key: "gpu", operator: "Exists" }] }), { nodes: [tainted] }, "a"],
    [
      "a taint to be avoided",
      pod(),
      { nodes: [node("a", { spec: { taints: [{ key: "old", effect: "PreferNoSchedule" }] } }), node("b")] },
      "b",
    ],
    [
      "the emptiest node",
      pod(asks({ cpu: "1" })),
      {
        nodes: zones,
        placed: [
          [pod(asks({ cpu: "1" })), "a"],
          [pod(), "b"],
        ],
      },
      "c",
    ],
    [
      "a port that is taken",
      pod({ containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] }),
      {
        nodes: one,
        placed: [[pod({ hostNetwork: true, containers: [{ name: "c", ports: [{ containerPort: 80 }] }] }), "a"]],
      },
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ],
    [
      "a port on another address",
      pod({ containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80, hostIP: "10.0.0.1" }] }] }),
      {
        nodes: one,
        placed: [
          [pod({ containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80, hostIP: "10.0.0.2" }] }] }), "a"],
        ],
      },
      "a",
    ],
    [
      "away from its like, per host",
      pod({ affinity: apart("kubernetes.io/hostname", "web") }, web),
      {
        nodes: zones,
        placed: [
          [pod({}, web), "a"],
          [pod({}, web), "b"],
        ],
      },
      "c",
    ],
    [
      "away from its like, per zone",
      pod({ affinity: apart("zone", "web") }, web),
      {
        nodes: zones,
        placed: [
          [pod({}, web), "a"],
          [pod({}, web), "c"],
        ],
      },
      "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.",
    ],
    [
      "away from pods that want it away",
      pod({}, web),
      { nodes: zones, placed: [[pod({ affinity: apart("zone", "web") }), "a"]] },
      "c",
    ],
    [
      "near another",
      pod({ affinity: together("zone", "db") }),
      { nodes: zones, placed: [[pod({}, { app: "db" }), "c"]] },
      "c",
    ],
    [
      "near nobody",
      pod({ affinity: together("zone", "db") }),
      { nodes: zones },
      "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.",
    ],
    ["the first of a group", pod({ affinity: together("zone", "web") }, web), { nodes: [zones[0] as Node] }, "a"],
    ["evenly over zones", pod(spread(1), web), { nodes: zones, placed: [[pod({}, web), "a"]] }, "c"],
    [
      "no more even place",
      pod({ ...spread(1), nodeSelector: { "kubernetes.io/hostname": "a" } }, web),
      { nodes: [...zones, node("x")], placed: [[pod({}, web), "a"]] },
      "a",
    ],
    [
      "evenly if possible",
      pod(spread(1, "ScheduleAnyway"), web),
      { nodes: [zones[0] as Node], placed: [[pod({}, web), "a"]] },
      "a",
    ],
    [
      "a gate",
      pod({ schedulingGates: [{ name: "g" }] }),
      { nodes: one },
      "Scheduling is blocked due to non-empty scheduling gates",
    ],
  ];
  for (const [title, given, world, expected] of rows) it(title, () => assert.equal(place(given, world), expected));

  it("spreads a hundred pods over a hundred nodes, one each, and says of the next one why there is no room", () => {
    const state = new ClusterState();
    for (let index = 0; index < 100; index++) state.setNode(node(`n${index}`));
    const around = { state, surroundings: {} as Surroundings, nominations: [], budgets: [] };
    const asked = asks({ cpu: "1500m" });
    for (let index = 0; index < 100; index++) {
      const next = pod(asked);
      const placement = planPlacement({ pod: next, ...around });
      assert.equal(placement.kind, "bind");
      if (placement.kind === "bind") state.setPod(next, placement.nodeName);
    }
    assert.deepEqual(new Set(state.list().map(({ pods: there }) => there.size)), new Set([1]));
    const refused = planPlacement({ pod: pod(asked), ...around });
    assert.equal(
      refused.kind === "refuse" && refused.message,
      "0/100 nodes are available: 100 Insufficient cpu. preemption: 0/100 nodes are available: 100 No preemption victims found for incoming pod.",
    );
    const [first] = state.list()[0]?.pods.values() ?? [];
    if (first) state.removePod(first.pod);
    assert.equal(planPlacement({ pod: pod(asked), ...around }).kind, "bind");
  });
});

describe("volumes", () => {
  const meta = (name: string) => ({ metadata: { name, namespace: "ns" } });
  const claim = (name: string, spec: object, phase = "Pending", annotations = {}): PersistentVolumeClaim => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { ...meta(name).metadata, annotations },
    spec,
    status: { phase },
  });
  const uses = (claimName: string): Partial<PodSpec> => ({
    volumes: [{ name: "v", persistentVolumeClaim: { claimName } }],
  });
  const kept = (name: string, on: string, phase = "Bound", storageClassName = ""): PersistentVolume => ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      storageClassName,
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [on] }] }],
        },
      },
    },
    status: { phase },
  });
  const late = (name: string, provisioner: string): StorageClass => ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name },
    provisioner,
    volumeBindingMode: "WaitForFirstConsumer",
  });
  const classes = [late("local", "slipway.dev/local"), late("static", "kubernetes.io/no-provisioner")];
  const rows: [string, PersistentVolumeClaim[], string, PersistentVolume[]?][] = [
    ["a claim that is missing", [], '0/3 nodes are available: persistentvolumeclaim "data" not found.'],
    [
      "a claim that should be bound by now",
      [claim("data", {})],
      "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
    ],
    ["a volume on one node", [claim("data", { volumeName: "pv" }, "Bound")], "b", [kept("pv", "b")]],
    [
      "a volume on a node that is gone",
      [claim("data", { volumeName: "pv" }, "Bound")],
      "0/3 nodes are available: 3 node(s) didn't match PersistentVolume's node affinity.",
      [kept("pv", "z")],
    ],
    ["a volume that is made where the pod goes", [claim("data", { storageClassName: "local" })], "provision on a"],
    [
      "a volume that is being made",
      [claim("data", { storageClassName: "local" }, "Pending", { "volume.kubernetes.io/selected-node": "c" })],
      "provision on c",
    ],
    [
      "a volume that is there already",
      [claim("data", { storageClassName: "static" })],
      "provision on b",
      [kept("pv", "b", "Available", "static")],
    ],
    [
      "no volume that is there",
      [claim("data", { storageClassName: "static" })],
      "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.",
    ],
  ];
  for (const [title, claims, expected, volumes = []] of rows)
    it(title, () => assert.equal(place(pod(uses("data")), { nodes: zones, claims, volumes, classes }), expected));

  it("gives a claim for one pod to one pod", () => {
    const exclusive = claim("data", { volumeName: "pv", accessModes: ["ReadWriteOncePod"] }, "Bound");
    const world: World = {
      nodes: zones,
      claims: [exclusive],
      volumes: [kept("pv", "b")],
      placed: [[pod(uses("data")), "b"]],
    };
    assert.match(place(pod(uses("data")), world), /ReadWriteOncePod access mode/);
  });
});

describe("podRequests", () => {
  const container = (cpu: string, restartPolicy?: string) => ({
    name: "c",
    resources: { requests: { cpu } },
    ...(restartPolicy && { restartPolicy }),
  });
  const rows: [string, Partial<PodSpec>, number][] = [
    ["containers together", { containers: [container("100m"), container("200m")] }, 0.3],
    [
      "the largest init container",
      { containers: [container("100m")], initContainers: [container("1"), container("2")] },
      2,
    ],
    [
      "sidecars with the containers",
      { containers: [container("1")], initContainers: [container("500m", "Always")] },
      1.5,
    ],
    [
      "sidecars with the init containers after them",
      { containers: [container("100m")], initContainers: [container("500m", "Always"), container("1")] },
      1.5,
    ],
    ["overhead", { containers: [container("1")], overhead: { cpu: "250m" } }, 1.25],
  ];
  for (const [title, spec, cpu] of rows)
    it(title, () => assert.ok(Math.abs((podRequests(pod(spec)).get("cpu") ?? 0) - cpu) < 1e-9));
});

describe("PodQueue", () => {
  it("takes the important ones first, then the oldest", () => {
    const queue = new PodQueue();
    const at = (creationTimestamp: string, priority: number): Pod => {
      const next = pod({ priority });
      return { ...next, metadata: { ...next.metadata, creationTimestamp } };
    };
    const [late, early, urgent] = [
      at("2026-01-02T00:00:00Z", 0),
      at("2026-01-01T00:00:00Z", 0),
      at("2026-01-03T00:00:00Z", 9),
    ];
    for (const each of [late, early, urgent]) queue.add(each);
    assert.deepEqual(queue.next(0), [urgent, early, late]);
  });

  it("waits for the change that a pod needs, and longer after every failure", () => {
    const queue = new PodQueue();
    const only = pod();
    queue.add(only);
    let now = 0;
    for (const delay of [0, 100, 200, 400]) {
      assert.equal(queue.next(now).length, 1);
      queue.refused(only, new Set(["node"]), now);
      assert.equal(queue.next(now + 100_000).length, 0);
      assert.equal(queue.changed("pod"), false);
      assert.equal(queue.changed("node"), true);
      assert.equal(queue.wakeAt(), now + delay);
      now += delay;
    }
  });

  it("looks again at a pod that asks for something else", () => {
    const queue = new PodQueue();
    const only = pod({ schedulingGates: [{ name: "g" }] });
    queue.add(only);
    queue.refused(only, new Set(), 0);
    queue.add(only);
    assert.equal(queue.next(0).length, 0);
    queue.add({ ...only, spec: { ...only.spec, schedulingGates: [] } });
    assert.equal(queue.next(0).length, 1);
  });
});

describe("isPending", () => {
  const rows: [string, Pod, boolean][] = [
    ["a new pod", pod(), true],
    ["bound", pod({ nodeName: "a" }), false],
    ["for another scheduler", pod({ schedulerName: "other" }), false],
    ["over", { ...pod(), status: { phase: "Failed" } }, false],
  ];
  for (const [title, given, expected] of rows)
    it(title, () => assert.equal(isPending(given, "default-scheduler"), expected));
});
