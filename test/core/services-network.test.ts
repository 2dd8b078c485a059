/** Services and cluster DNS with real packets: in a network of their own as root, on loopback addresses as anybody. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { Deployment, EndpointSlice, Pod, Service, StatefulSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { detectNetwork } from "#ports/sandbox/network/detect.ts";
import { machineHost } from "#ports/sandbox/network/host/machine.ts";
import { createLoopbackNetwork } from "#ports/sandbox/network/loopback.ts";
import { createRoutedNetwork } from "#ports/sandbox/network/routed.ts";
import { runHostTool } from "#ports/sandbox/process.ts";
import { eventually } from "../compat/cluster.ts";
import { DNS_ADDRESS, NAMESPACE, type NetworkWorld, NODE, startNetworkWorld } from "./network-world.ts";

const instance = (0xc000_0000 + process.pid).toString(16);
const serviceRange = "10.96.0.0/16";
const detected = await detectNetwork({ instance, serviceRange });
const canRoute = detected.network.name === "routed" && detected.network.services !== undefined;
await detected.network.close();
const metadata = (name: string) => ({ name, namespace: NAMESPACE });

/** Says the pod's name to who connects, and back to who sends a datagram. */
const server = ({ metadata: { name } }: k8s.Pod): string => `
  const name = ${JSON.stringify(name)};
  const udp = require("dgram").createSocket("udp4");
  udp.on("message", (_, from) => udp.send(name, from.port, from.address));
  udp.bind(5353, () => require("net").createServer((s) => s.on("error", () => {}).end(name)).listen(8080, () => console.log("up")));`;

/** Prints what the server says, or the code of the error. */
const dial = (host: string, port: number): string => `
  require("net").connect(${port}, ${JSON.stringify(host)}).setTimeout(5000, () => console.log("timeout"))
    .on("error", (e) => console.log(e.code)).on("data", (d) => console.log(String(d)))`;

const datagram = (host: string, port: number): string => `
  const s = require("dgram").createSocket("udp4");
  s.on("message", (m) => { console.log(String(m)); s.close(); }).on("error", (e) => { console.log(e.code); s.close(); });
  setTimeout(() => { console.log("timeout"); process.exit(); }, 5000).unref();
  s.connect(${port}, ${JSON.stringify(host)}, () => s.send("?"));`;

/** Prints the answer of the cluster's DNS server as JSON, or the code of the error. */
const resolve = (name: string, type: string): string => `
  const r = new (require("dns").Resolver)({ timeout: 3000, tries: 1 });
  r.setServers([${JSON.stringify(DNS_ADDRESS)}]);
  r.resolve(${JSON.stringify(name)}, ${JSON.stringify(type)}, (e, a) => console.log(e ? e.code : JSON.stringify(a)));`;

function deployment(name: string, replicas: number) {
  const labels = { app: name };
  const ports: k8s.ContainerPort[] = [
    { name: "web", containerPort: 8080 },
    { name: "echo", containerPort: 5353, protocol: "UDP" },
  ];
  const template = {
    metadata: { labels } as never,
    spec: { nodeName: NODE, containers: [{ name: "c", image: "app:1", ports }] },
  };
  return { metadata: metadata(name), spec: { replicas, selector: { matchLabels: labels }, template } };
}

describe("Services in a pod network", { skip: canRoute ? false : detected.problems.join("; ") }, () => {
  let world: NetworkWorld;
  let web: k8s.Pod[] = [];
  let client: k8s.Pod;
  let service: k8s.Service;
  const addressOf = ({ spec }: k8s.Service): string => spec?.clusterIP ?? "";
  const create = (name: string, spec: k8s.ServiceSpec) =>
    world.client.create(Service, { metadata: metadata(name), spec });
  const routed = async (name: string, endpoints: number): Promise<void> => {
    await eventually(async () => {
      const slices = world.cache.informer(EndpointSlice).list({ labels: { "kubernetes.io/service-name": name } });
      const ready = slices.flatMap((slice) => slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready);
      return slices.length > 0 && ready.length === endpoints;
    });
    await world.services.settled();
  };

  before(async () => {
    world = await startNetworkWorld(createRoutedNetwork({ host: machineHost(), instance, serviceRange }), instance);
    await Promise.all([
      world.client.create(Deployment, deployment("web", 2)),
      world.client.create(Deployment, deployment("client", 1)),
    ]);
    const ports = [
      { name: "http", port: 80, targetPort: "web" },
      { name: "echo", port: 53, protocol: "UDP", targetPort: "echo" },
    ];
    service = await create("web", { selector: { app: "web" }, ports });
    web = await world.pods({ app: "web" }, 2);
    [client] = (await world.pods({ app: "client" }, 1)) as [k8s.Pod];
    await Promise.all(web.map((pod) => world.run(pod, server(pod))));
    await routed("web", 2);
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    const traces = [await runHostTool("ip", ["netns"]), await runHostTool("ip", ["-o", "link"])];
    for (const { stdout } of traces) assert.doesNotMatch(stdout, new RegExp(instance));
    assert.doesNotMatch(await readFile("/proc/net/route", "utf8"), new RegExp(instance));
  });

  const names = (): string[] => web.map(({ metadata: { name } }) => name).sort();

  it("reach every endpoint behind named ports, by TCP and UDP, from pods", async () => {
    for (const [program, port] of [
      [dial, 80],
      [datagram, 53],
    ] as const) {
      const heard = new Set<string>();
      while (heard.size < 2) heard.add(await world.run(client, program(addressOf(service), port)));
      assert.deepEqual([...heard].sort(), names());
    }
  });

  it("reach the pod that asks", async () => {
    const [pod] = web as [k8s.Pod];
    const alone = { ...pod.metadata.labels, "statefulset.kubernetes.io/pod-name": pod.metadata.name };
    await world.client.patch(Pod, metadata(pod.metadata.name), {
      type: "merge",
      body: { metadata: { labels: alone } },
    });
    const self = await create("self", { selector: alone, ports: [{ port: 80, targetPort: 8080 }] });
    await routed("self", 1);
    assert.equal(await world.run(pod, dial(addressOf(self), 80)), pod.metadata.name);
  });

  it("are reached from this machine where no other program serves the range", async (test) => {
    if (detected.problems.length > 0) return test.skip(detected.problems.join("; "));
    assert.ok(names().includes(await hear(addressOf(service), 80)));
  });

  it("refuse connections without endpoints, and after they are gone", async () => {
    const none = await create("none", { selector: { app: "none" }, ports: [{ port: 80 }] });
    await routed("none", 0);
    assert.equal(await world.run(client, dial(addressOf(none), 80)), "ECONNREFUSED");
    assert.equal(await world.run(client, datagram(addressOf(none), 80)), "ECONNREFUSED");
    assert.equal(await world.run(client, dial(addressOf(service), 81)), "ECONNREFUSED");
    const brief = await create("brief", { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] });
    await routed("brief", 2);
    assert.ok(names().includes(await world.run(client, dial(addressOf(brief), 80))));
    await world.client.delete(Service, metadata("brief"));
    await eventually(async () => (await world.run(client, dial(addressOf(brief), 80))) === "ECONNREFUSED");
  });

  it("keep a client with its endpoint when they are told to", async () => {
    const affinity = { sessionAffinity: "ClientIP" as const };
    const ports = [{ port: 80, targetPort: 8080 }];
    const sticky = await create("sticky", { selector: { app: "web" }, ports, ...affinity });
    await routed("sticky", 2);
    const heard = new Set<string>();
    for (let again = 0; again < 6; again++) heard.add(await world.run(client, dial(addressOf(sticky), 80)));
    assert.equal(heard.size, 1);
  });

  it("have node ports on this machine's loopback", async () => {
    const { spec } = await create("np", {
      type: "NodePort",
      selector: { app: "web" },
      ports: [{ port: 80, targetPort: 8080 }],
    });
    await routed("np", 2);
    const [port] = spec?.ports ?? [];
    const heard = await hear("127.0.0.1", port?.nodePort ?? 0).catch((error: unknown) => String(error));
    // Another program on this machine may have given the same number out.
    assert.ok(names().includes(heard) || !heard.includes("ECONNREFUSED"), heard);
  });

  it("lead to the API, whose certificate and tokens hold there", async () => {
    const user = { name: "system:serviceaccount:default:default", groups: ["system:serviceaccounts"] };
    const token = await world.cluster.server.issueToken(user, 600);
    const program = `
      require("https").get({ host: "10.96.0.1", path: "/apis", ca: ${JSON.stringify(world.cluster.server.caPem)},
        servername: "kubernetes.default.svc", headers: { authorization: "Bearer ${token}" } },
        (answer) => { console.log(answer.statusCode); answer.resume(); }).on("error", (e) => console.log(e.message));`;
    assert.equal(await world.run(client, program), "200");
    assert.equal(await world.run(client, program.replace(`Bearer ${token}`, "Bearer nonsense")), "401");
  });

  it("have names", async () => {
    await create("elsewhere", { type: "ExternalName", externalName: "web.default.svc.cluster.local" });
    const labels = { app: "db" };
    await create("db", { clusterIP: "None", selector: labels, ports: [{ name: "sql", port: 5432 }] });
    const { spec } = deployment("db", 2);
    await world.client.create(StatefulSet, { metadata: metadata("db"), spec: { ...spec, serviceName: "db" } });
    const pods = await world.pods(labels, 2);
    await routed("db", 2);
    const ips = pods.map(({ status }) => status?.podIP ?? "");
    const ask = async (name: string, type: string) => {
      const answer = await world.run(client, resolve(name, type));
      return answer.startsWith("[") ? JSON.parse(answer) : answer;
    };
    const zone = "default.svc.cluster.local";
    assert.deepEqual(await ask(`web.${zone}`, "A"), [addressOf(service)]);
    assert.deepEqual(await ask(`elsewhere.${zone}`, "A"), [addressOf(service)]);
    assert.deepEqual((await ask(`db.${zone}`, "A")).sort(), [...ips].sort());
    assert.deepEqual(await ask(`db-1.db.${zone}`, "A"), [ips[1]]);
    const records = (await ask(`_sql._tcp.db.${zone}`, "SRV")) as { name: string; port: number }[];
    assert.deepEqual(records.map(({ name, port }) => `${name}:${port}`).sort(), [
      `db-0.db.${zone}:5432`,
      `db-1.db.${zone}:5432`,
    ]);
    assert.equal(await ask(`none-such.${zone}`, "A"), "ENOTFOUND");
    assert.equal(await ask(`web.${zone}`, "AAAA"), "ENODATA");
    const reverse = addressOf(service).split(".").toReversed().join(".");
    assert.deepEqual(await ask(`${reverse}.in-addr.arpa`, "PTR"), [`web.${zone}`]);
    const dns = await world.client.get(Service, "kube-dns", "kube-system");
    assert.equal(dns?.spec?.clusterIP, DNS_ADDRESS);
  });

  it("are named in the pods' files and variables", async () => {
    const later = await world.client.create(Pod, {
      metadata: metadata("later"),
      spec: { nodeName: NODE, containers: [{ name: "c", image: "app:1" }], hostname: "later", subdomain: "sub" },
    });
    await eventually(async () => world.runtime.containers.some(({ spec }) => spec.hostname === "later"));
    const { env, mounts } = world.runtime.containers.find(({ spec }) => spec.hostname === "later")?.spec ?? {};
    assert.equal(env?.WEB_SERVICE_HOST, addressOf(service));
    assert.equal(env?.WEB_SERVICE_PORT_ECHO, "53");
    assert.equal(env?.KUBERNETES_PORT, "tcp://10.96.0.1:443");
    const file = (target: string) => readFile(mounts?.find((mount) => mount.target === target)?.source ?? "", "utf8");
    assert.match(
      await file("/etc/resolv.conf"),
      /^search default.svc.cluster.local svc.cluster.local cluster.local.*\nnameserver 10.96.0.10\noptions ndots:5\n$/,
    );
    assert.match(await file("/etc/hosts"), /\tlater.sub.default.svc.cluster.local\tlater\n/);
    assert.ok(later.metadata.uid);
  });
});

describe("Services on the host's network", () => {
  it("have loopback addresses, in the variables of pods and by name in their hosts files as they come", async () => {
    await using world = await startNetworkWorld(createLoopbackNetwork({ start: process.pid }), instance);
    await world.client.create(Deployment, deployment("web", 1));
    const selector = { app: "web" };
    const early = { selector, ports: [{ name: "http", port: 18_080, targetPort: 8080 }] };
    await world.client.create(Service, { metadata: metadata("early"), spec: early });
    const [pod] = (await world.pods(selector, 1)) as [k8s.Pod];
    const port = JSON.parse(pod.metadata.annotations?.["slipway.dev/ports"] ?? "{}")[8080] as number;
    await world.run(pod, server(pod).replaceAll("8080", String(port)).replace("5353", "0"));
    await world.client.create(Pod, {
      metadata: metadata("client"),
      spec: { nodeName: NODE, containers: [{ name: "c", image: "app:1" }] },
    });
    await eventually(async () => world.runtime.containers.some(({ spec }) => spec.hostname === "client"));
    const { env = {}, mounts = [] } =
      world.runtime.containers.find(({ spec }) => spec.hostname === "client")?.spec ?? {};
    const { EARLY_SERVICE_HOST: host = "", EARLY_SERVICE_PORT: number } = env;
    assert.match(host, /^127\./);
    await eventually(async () => (await hear(host, Number(number)).catch(() => "")) === pod.metadata.name);

    await world.client.create(Service, { metadata: metadata("late"), spec: { ...early } });
    const hosts = mounts.find(({ target }) => target === "/etc/hosts")?.source ?? "";
    const late = await eventually(
      async () => /^(\S+)\tlate.default.svc.cluster.local\t.*\tlate$/m.exec(await readFile(hosts, "utf8"))?.[1],
    );
    await eventually(async () => (await hear(late, 18_080).catch(() => "")) === pod.metadata.name);
    const { KUBERNETES_SERVICE_HOST: api = "", KUBERNETES_SERVICE_PORT: apiPort } = env;
    assert.notEqual(await hear(api, Number(apiPort), "?").catch(() => "refused"), "refused");
  });
});

/** What the server at a place says before it ends. */
function hear(host: string, port: number, say = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const socket = connect({ host, port, timeout: 5_000 }, () => say && socket.end(say));
    socket.on("data", (chunk) => {
      heard += chunk;
    });
    socket.on("timeout", () => socket.destroy(new Error("timeout")));
    socket.on("error", reject);
    socket.on("close", () => resolve(heard));
  });
}
