/** All pod networks: attachments, reuse, Services with real traffic, and that nothing is left on the host. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { on, once } from "node:events";
import { access, readFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, it } from "node:test";
import { findByArgument } from "../leftovers.ts";
import { runHostTool } from "../process.ts";
import { hostAddresses } from "./address.ts";
import { detectNetwork } from "./detect.ts";
import type { NetworkHost } from "./host/host.ts";
import { machineHost } from "./host/machine.ts";
import { UnprivilegedHost } from "./host/unprivileged.ts";
import { createLoopbackNetwork } from "./loopback.ts";
import type { NetworkAttachment, PodNetwork } from "./network.ts";
import { createRoutedNetwork } from "./routed.ts";
import type { ServiceEndpoint, ServiceRoute, ServiceRouter } from "./services.ts";
import { ownSockets } from "./sockets/sockets.ts";

const instance = (0xa000_0000 + process.pid).toString(16);
/** Not that of real clusters: tests run beside programs. */
const serviceRange = `10.${32 + (process.pid % 32)}.0.0/16`;
const virtual = (host: number): string => serviceRange.replace("0.0/16", `1.${host}`);
const other = (0xb000_0000 + process.pid).toString(16);
const hosts: { readonly [name: string]: () => NetworkHost } = {
  machine: () => machineHost(),
  unprivileged: () => new UnprivilegedHost(instance),
};

const route = (host: number, endpoints: ServiceEndpoint[], more: Partial<ServiceRoute> = {}): ServiceRoute => ({
  protocol: "tcp",
  ip: virtual(host),
  port: 8080,
  affinitySeconds: 0,
  endpoints,
  ...more,
});

describe("loopback network", () => {
  it("gives every container port a free port of its own, stable for the pod, and takes it back", async () => {
    const network = createLoopbackNetwork({ start: 4242 });
    const [one, two] = await Promise.all([network.attach("one", [8080, 9090]), network.attach("two", [8080])]);
    const ports = [one.port(8080), one.port(9090), two.port(8080)];
    assert.equal(new Set(ports).size, 3);
    assert.equal((await network.attach("one", [8080, 9090])).port(8080), one.port(8080));
    assert.equal(one.port(1234), 1234, "an undeclared port is what it is");
    await network.release("one");
    await network.close();
  });

  it("takes over the ports of an earlier run", async () => {
    const start = 4711;
    const earlier = await createLoopbackNetwork({ start }).attach("pod", [8080]);
    const network = createLoopbackNetwork({ start });
    assert.deepEqual(await network.adopt(new Map([["pod", earlier]])), new Set(["pod"]));
    assert.equal((await network.attach("pod", [8080])).port(8080), earlier.port(8080));
    assert.notEqual((await network.attach("other", [8080])).port(8080), earlier.port(8080));
    await network.close();
  });

  it("is what there is when namespaces cannot be made, and says so", async () => {
    const { network, problems } = await detectNetwork({ instance, serviceRange, hosts: [] });
    assert.equal(network.name, "loopback");
    assert.match(problems.join(), /ports of 127.0.0.1/);
  });

  it("passes connections to a Service on to its endpoints, and resets them when there are none", async () => {
    const servers = await Promise.all(["a", "b"].map((word) => greeter(word)));
    const network = createLoopbackNetwork({ start: process.pid });
    const router = network.services as ServiceRouter;
    const endpoints = servers.map(({ port }) => ({ ip: "127.0.0.1", port }));
    await router.update(new Map([["default/web", [route(1, endpoints, { port: 80 })]]]));
    const place = router.addressOf(virtual(1), 80);
    assert.match(place.ip, /^127\.\d+\.1\.1$/);
    const answers = await Promise.all(Array.from({ length: 40 }, () => hear(place)));
    assert.deepEqual([...new Set(answers)].sort(), ["a", "b"]);
    await router.update(new Map([["default/web", [route(1, [], { port: 80 })]]]));
    await assert.rejects(hear(place), /ECONNRESET/);
    await router.update(new Map([["default/web", []]]));
    await assert.rejects(hear(place), /ECONNREFUSED/);
    await network.close();
    for (const server of servers) server.close();
  });
});

for (const [name, makeHost] of Object.entries(hosts)) {
  const detected = await detectNetwork({
    ...{ instance: other, serviceRange },
    hosts: [name === "machine" ? machineHost() : new UnprivilegedHost(other)],
  });
  await detected.network.close();
  const skip = detected.network.name === "routed" ? false : detected.problems.join("; ");

  describe(`routed network on ${name}`, { skip }, () => {
    let host: NetworkHost;
    let network: PodNetwork;
    const processes: ChildProcess[] = [];
    const create = () => createRoutedNetwork({ host: makeHost(), instance, serviceRange });
    const hear = (place: ServiceEndpoint) => listen(network.sockets.connect(place));

    beforeEach(async () => {
      host = makeHost();
      network = createRoutedNetwork({ host, instance, serviceRange });
      await network.recover();
    });
    afterEach(async () => {
      for (const child of processes.splice(0)) child.kill("SIGKILL");
      await network.close();
      assert.equal(networkInterfaces()[`sw-${instance}`], undefined);
      assert.doesNotMatch(await readFile("/proc/net/route", "utf8"), new RegExp(`sw-${instance}`));
      const namespaces = await runHostTool("ip", ["netns"]);
      assert.doesNotMatch(namespaces.stdout, new RegExp(instance));
      assert.deepEqual(await findByArgument(`slipway-network-${instance}`), []);
    });

    it("gives every pod a namespace with an address that the host reaches, and takes it back", async () => {
      const [one, two] = await Promise.all([network.attach("one", []), network.attach("two", [])]);
      assert.notEqual(one.ip, two.ip);
      assert.equal(one.port(8080), 8080);
      assert.equal((await network.attach("one", [])).ip, one.ip);
      await serve(one, "one");
      assert.equal(await hear({ ip: one.ip, port: 8080 }), "one");
      assert.equal(await hearFrom(two, { ip: one.ip, port: 8080 }), "one");
      await network.release("one");
      await assert.rejects(access(one.netns ?? ""));
    });

    it("takes over what a killed program left, as far as it is still used, and removes the rest", async () => {
      const [kept, left] = [await network.attach("first", []), await network.attach("second", [])];
      await serve(kept, "first");
      const place = { ip: virtual(9), port: 80 };
      const services = new Map([["default/web", [route(9, [{ ip: kept.ip, port: 8080 }], { port: 80 })]]]);
      await network.services?.update(services);
      const next = create();
      await next.recover();
      assert.equal(await hear(place), "first", "routed until the first update");
      assert.deepEqual(
        await next.adopt(new Map(Object.entries({ first: kept, other: { ...left, ip: kept.ip } }))),
        new Set(["first"]),
      );
      await assert.rejects(access(left.netns ?? ""));
      assert.equal((await next.attach("first", [])).ip, kept.ip);
      const other = await next.attach("new", []);
      assert.notEqual(other.ip, kept.ip);
      await next.services?.update(services);
      assert.equal(await hearFrom(other, place), "first");
      await next.release("first");
      await assert.rejects(access(kept.netns ?? ""));
      await next.close();
    });

    it("refuses at once what cannot be reached", async () => {
      const pod = await network.attach("pod", []);
      assert.match(await hearFrom(pod, { ip: "198.51.100.1", port: 80 }), /ENETUNREACH|EHOSTUNREACH/);
    });

    it("lets pods out, but not to this host's loopback; the way goes with the network, and is found again", async (t) => {
      await network.close();
      const create = () => createRoutedNetwork({ host: makeHost(), instance, serviceRange, outbound: true });
      network = create();
      await network.recover();
      const [problem] = network.problems;
      if (problem !== undefined) return t.skip(problem);
      const pod = await network.attach("pod", []);
      const server = await greeter("machine", "0.0.0.0");
      const [address] = addressesOfMachine();
      if (address) assert.equal(await hearFrom(pod, { ip: address, port: server.port }), "machine");
      const alias = pod.ip.replace(/\d+\.\d+$/, "255.2");
      assert.doesNotMatch(await hearFrom(pod, { ip: alias, port: server.port }), /machine/);
      assert.match(await hearFrom(pod, { ip: "169.254.169.254", port: 80 }), /ECONNREFUSED/);
      const next = create();
      await next.recover();
      assert.deepEqual(next.problems, []);
      if (address) assert.equal(await hearFrom(pod, { ip: address, port: server.port }), "machine");
      server.close();
      await next.close();
      assert.deepEqual(await findByArgument(pod.netns?.replace(/[^-]*$/, "router") ?? ""), []);
    });

    it("leads host and pods to the endpoints of a Service, one of them being the client itself", async () => {
      const [one, two] = await Promise.all([network.attach("one", []), network.attach("two", [])]);
      await Promise.all([serve(one, "one"), serve(two, "two")]);
      const router = network.services as ServiceRouter;
      const endpoints = [one, two].map(({ ip }) => ({ ip, port: 8080 }));
      const place = { ip: virtual(1), port: 80 };
      await router.update(new Map([["default/web", [route(1, endpoints, { port: 80 })]]]));
      const heard = new Set(await Promise.all(Array.from({ length: 40 }, () => hear(place))));
      assert.deepEqual([...heard].sort(), ["one", "two"]);
      await router.update(new Map([["default/web", [route(1, endpoints.slice(0, 1), { port: 80 })]]]));
      assert.equal(await hearFrom(one, place), "one", "a pod that reaches itself");
      assert.equal(await hearFrom(two, place), "one");
      await router.update(new Map([["default/web", [route(1, [], { port: 80 })]]]));
      await assert.rejects(hear(place), /ECONNREFUSED/);
      assert.match(await hearFrom(two, place), /ECONNREFUSED/);
      await assert.rejects(hear({ ip: virtual(99), port: 1 }), /ECONNREFUSED/, "an address of no Service");
    });

    it("keeps a client with its endpoint, and lets it go with the endpoint", async () => {
      const pods = await Promise.all(["a", "b", "c"].map((name) => network.attach(name, [])));
      await Promise.all(pods.map((pod, index) => serve(pod, String(index))));
      const endpoints = pods.map(({ ip }) => ({ ip, port: 8080 }));
      const router = network.services as ServiceRouter;
      const place = { ip: virtual(2), port: 8080 };
      await router.update(new Map([["default/sticky", [route(2, endpoints, { affinitySeconds: 60 })]]]));
      const first = Number(await hear(place));
      const others = endpoints.filter((_, index) => index !== first);
      for (let again = 0; again < 8; again++) assert.equal(await hear(place), String(first));
      const kept = [endpoints[first] as ServiceEndpoint, ...others.slice(0, 1)];
      await router.update(new Map([["default/sticky", [route(2, kept, { affinitySeconds: 60 })]]]));
      assert.equal(await hear(place), String(first), "another endpoint has gone");
      await router.update(new Map([["default/sticky", [route(2, others, { affinitySeconds: 60 })]]]));
      assert.notEqual(await hear(place), String(first));
    });

    it("sends UDP clients that do not pause to another endpoint when theirs has gone", async () => {
      const pods = await Promise.all(["a", "b", "client"].map((id) => network.attach(id, [])));
      const [first, second, client] = pods as [NetworkAttachment, NetworkAttachment, NetworkAttachment];
      await Promise.all([echo(first, "first"), echo(second, "second")]);
      const router = network.services as ServiceRouter;
      const to = ({ ip }: NetworkAttachment) =>
        router.update(new Map([["default/dns", [route(4, [{ ip, port: 5353 }], { protocol: "udp" })]]]));
      await to(first);
      const words = talk(client, { ip: virtual(4), port: 8080 });
      await words.next("first");
      await to(second);
      await words.next("second");
    });

    it("serves node ports on this host's loopback and to pods, and relays only what it is told to", async () => {
      const [pod, client] = await Promise.all([network.attach("pod", []), network.attach("client", [])]);
      await serve(pod, "pod");
      await echo(pod);
      const host = await greeter("host");
      const router = network.services as ServiceRouter;
      const nodePort = await freePort();
      const udp = { protocol: "udp", nodePort } as const;
      const places = (port: number) => [{ ip: pod.ip, port }];
      const routes = [route(3, places(8080), { nodePort }), route(3, places(5353), udp)];
      await router.update(new Map([["default/np", routes]]));
      assert.deepEqual(router.problems, []);
      assert.equal(await hear({ ip: "127.0.0.1", port: nodePort }), "pod");
      assert.equal(await exchange({ ip: "127.0.0.1", port: nodePort }, "hello"), "hello");
      const [address] = Object.values(networkInterfaces())
        .flatMap((all) => all ?? [])
        .filter(({ family, internal }) => family === "IPv4" && !internal);
      if (address && name === "machine")
        assert.equal(await hearFrom(client, { ip: address.address, port: nodePort }), "pod");
      assert.match(await hearFrom(client, { ip: router.hostAddress, port: host.port }), /ECONNREFUSED/);
      await router.relay([host.port]);
      assert.equal(await hearFrom(client, { ip: router.hostAddress, port: host.port }), "host");
      await router.update(new Map([["default/np", [route(3, [{ ip: "127.0.0.1", port: host.port }])]]]));
      assert.equal(await hearFrom(client, { ip: virtual(3), port: 8080 }), "host", "an endpoint on the host");
      await assert.rejects(hear({ ip: "127.0.0.1", port: nodePort }), /ECONNREFUSED/);
      host.close();
    });

    /** Sends a datagram every few milliseconds from one port; `next` resolves when `word` is the answer. */
    function talk(pod: NetworkAttachment, { ip, port }: ServiceEndpoint): { next(word: string): Promise<void> } {
      const program = `const s = require("dgram").createSocket("udp4");
      s.on("message", (m) => console.log(String(m))).bind(() => setInterval(() => s.send("?", ${port}, "${ip}"), 20))`;
      const child = spawn("nsenter", [...inside(pod), process.execPath, "-e", program]);
      processes.push(child);
      return {
        next: async (word) => {
          for await (const chunk of on(child.stdout, "data")) if (String(chunk).trim().endsWith(word)) return;
        },
      };
    }

    /** A server in the pod that sends datagrams to port 5353 back, or `word`. */
    async function echo(pod: NetworkAttachment, word?: string): Promise<void> {
      const program = `const s = require("dgram").createSocket("udp4");
      s.on("message", (m, c) => s.send(${JSON.stringify(word) ?? "m"}, c.port, c.address)).bind(5353, () => console.log("up"))`;
      const child = spawn("nsenter", [...inside(pod), process.execPath, "-e", program]);
      processes.push(child);
      await new Promise((resolve) => child.stdout.once("data", resolve));
    }

    /** A server in the pod that says `word` to all who connect to port 8080. */
    async function serve(pod: NetworkAttachment, word: string): Promise<void> {
      const program = `require("net").createServer((s) => s.end(${JSON.stringify(word)})).listen(8080, () => console.log("up"))`;
      const child = spawn("nsenter", [...inside(pod), process.execPath, "-e", program]);
      processes.push(child);
      await new Promise((resolve) => child.stdout.once("data", resolve));
    }
  });
}

/** What the server at a place says; rejects with the error of the connection. */
function hear(place: ServiceEndpoint): Promise<string> {
  return listen(ownSockets.connect(place));
}

async function listen(connecting: Promise<Socket>): Promise<string> {
  const socket = await connecting;
  socket.setTimeout(5_000, () => socket.destroy(new Error("timeout")));
  let heard = "";
  for await (const chunk of socket) heard += chunk;
  socket.destroy();
  return heard;
}

/** The answer to a datagram. */
async function exchange({ ip, port }: ServiceEndpoint, word: string): Promise<string> {
  const signal = AbortSignal.timeout(5_000);
  const socket = createSocket({ type: "udp4", signal });
  socket.send(word, port, ip);
  const [answer] = await once(socket, "message", { signal });
  socket.close();
  return String(answer);
}

/** The same from inside a pod; errors as their code. */
async function hearFrom(pod: NetworkAttachment, { ip, port }: ServiceEndpoint): Promise<string> {
  const program = `require("net").connect(${port}, "${ip}").setTimeout(5000, () => process.exit(1))
    .on("error", (e) => console.log(e.code)).on("data", (d) => process.stdout.write(d))`;
  const { stdout } = await runHostTool("nsenter", [...inside(pod), process.execPath, "-e", program]);
  return stdout.trim();
}

/** Options that lead nsenter into the pod's network. */
function inside({ netns, userns }: NetworkAttachment): string[] {
  return [...(userns ? [`--user=${userns}`, "--preserve-credentials"] : []), `--net=${netns}`, "--"];
}

const addressesOfMachine = (): string[] => hostAddresses(`sw-${instance}`);

async function greeter(word: string, at = "127.0.0.1"): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => socket.on("error", () => undefined).end(word));
  await new Promise<void>((resolve) => server.listen(0, at, resolve));
  const address = server.address();
  return { port: typeof address === "object" ? (address?.port ?? 0) : 0, close: () => server.close() };
}

async function freePort(): Promise<number> {
  const { port, close } = await greeter("");
  close();
  return port;
}
