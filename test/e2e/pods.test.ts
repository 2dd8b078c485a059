/** Pods whose containers really run: volumes, credentials and security as the program in the container sees them. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { ConfigMap, Pod, Secret } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { startClusterNetwork } from "#engine/network/start.ts";
import { startNode } from "#engine/node/node.ts";
import { startScheduler } from "#engine/scheduler/scheduler.ts";
import { KubeClient } from "#ports/kube/client.ts";
import type { ImageSource } from "#ports/oci/image.ts";
import { createBubblewrap } from "#ports/sandbox/bubblewrap/bubblewrap.ts";
import { detectMemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import { detectNetwork } from "#ports/sandbox/network/detect.ts";
import { createLoopbackNetwork } from "#ports/sandbox/network/loopback.ts";
import { createRunc } from "#ports/sandbox/runc/runc.ts";
import { hostMounts, makeSkeleton } from "#ports/sandbox/skeleton.ts";
import { apiNames } from "../../src/profiles/cluster-network.ts";
import { eventually, startCluster } from "../compat/cluster.ts";
import { has } from "../harness/tools.ts";

const NAMESPACE = "default";
const SERVICE_RANGE = "10.96.0.0/16";
const NODE = "/opt/node/node";

type Program = {
  script: string;
  container?: Partial<k8s.Container>;
  spec?: Partial<k8s.PodSpec>;
  volumes?: readonly k8s.Volume[];
  mounts?: readonly k8s.VolumeMount[];
  /** The command of a second container. */
  other?: string[];
};

type Run = { pod: k8s.Pod; state: k8s.ContainerStateTerminated; lines: string[] };

type World = AsyncDisposable & {
  client: KubeClient;
  /** Runs a shell script in a pod to its end; gives its status and what it wrote. */
  run(name: string, program: Program): Promise<Run>;
};

async function startWorld(kind: "runc" | "bubblewrap"): Promise<World> {
  const stack = new AsyncDisposableStack();
  const instance = process.pid.toString(16).padStart(8, "0");
  const cluster = stack.use(await startCluster({ hostNames: apiNames(instance) }));
  const client = new KubeClient(cluster.inProcess);
  const cache = new ObjectCache(client);
  stack.defer(() => cache.close());
  const layer = join(cluster.folder, "layer");
  await mkdir(layer);
  await makeSkeleton(layer);
  const directory = join(cluster.folder, "sandbox");
  const runtime = kind === "runc" ? createRunc({ directory }) : createBubblewrap({ directory });
  const network =
    kind === "runc"
      ? (await detectNetwork({ instance, serviceRange: SERVICE_RANGE })).network
      : createLoopbackNetwork({ start: process.pid });
  await network.recover();
  const router = network.services;
  if (router) {
    await router.relay([Number(new URL(cluster.server.url).port)]);
    const services = await startClusterNetwork({
      ...{ cache, router, domain: "cluster.local", serviceRange: SERVICE_RANGE, dnsAddress: "10.96.0.10" },
      onError: (error) => assert.fail(String(error)),
    });
    stack.defer(() => services.close());
  }
  const node = await startNode({
    ...{ client, cache, runtime, network, nodeName: "node-1", clock: () => new Date() },
    images: imagesOf(layer),
    memory: await detectMemoryVolumes(),
    dataDir: join(cluster.folder, "node"),
    housekeeping: { checkMs: 200 },
  });
  stack.defer(() => node.close());
  const scheduler = await startScheduler({ cache, clock: () => new Date() });
  stack.defer(() => scheduler.close());
  const host = [...(await hostMounts()), { source: dirname(process.execPath), target: dirname(NODE) }];
  return {
    client,
    run: async (name, { script, container = {}, spec = {}, volumes = [], mounts = [], other }) => {
      const tools = host.map(({ target }, index) => ({ name: `host-${index}`, mountPath: target, readOnly: true }));
      const over = ended(cache, name);
      await client.create(Pod, {
        metadata: { name, namespace: NAMESPACE },
        spec: {
          restartPolicy: "Never",
          ...spec,
          volumes: [
            ...volumes,
            ...host.map(({ source }, index) => ({ name: `host-${index}`, hostPath: { path: source } })),
          ],
          containers: [
            {
              name: "c",
              image: "skeleton:1",
              command: ["/bin/sh", "-c", script],
              ...container,
              volumeMounts: [...mounts, ...tools],
            },
            ...(other ? [{ name: "other", image: "skeleton:1", command: other, volumeMounts: tools }] : []),
          ],
        },
      });
      const pod = await over;
      const state = pod.status?.containerStatuses?.find((each) => each.name === "c")?.state?.terminated;
      assert.ok(state);
      let log = "";
      for await (const chunk of node.logs(NAMESPACE, name, "c", {}, new AbortController().signal))
        log += Buffer.from(chunk).toString();
      return { pod, state, lines: log.split("\n").filter(Boolean) };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function ended(cache: ObjectCache, name: string): Promise<k8s.Pod> {
  return new Promise((resolve) => {
    const stop = { now: (): void => undefined };
    stop.now = cache.informer(Pod).subscribe(({ object }) => {
      if (object.metadata.name !== name || !["Succeeded", "Failed"].includes(object.status?.phase ?? "")) return;
      setImmediate(() => stop.now());
      resolve(object);
    });
  });
}

async function isRunning({ client }: World, name: string): Promise<void> {
  await eventually(async () => {
    const pod = await client.get(Pod, name, NAMESPACE);
    return pod?.status?.containerStatuses?.[0]?.state?.running !== undefined;
  });
}

function imagesOf(layer: string): ImageSource {
  const config = { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [] } };
  const describe: ImageSource["describe"] = async (reference) => ({
    reference: `${reference}@sha256:1`,
    digest: "sha256:1",
    config: config as never,
  });
  return { describe, unpack: async (reference) => ({ ...(await describe(reference)), layers: [layer] }) };
}

/** What client libraries do in a pod: address from the environment, certificate and token from files. */
const CLIENT = `
  const fs = require("fs"), https = require("https"), folder = "/var/run/secrets/kubernetes.io/serviceaccount/";
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  const headers = { authorization: "Bearer " + fs.readFileSync(folder + "token") };
  const path = "/api/v1/namespaces/" + fs.readFileSync(folder + "namespace") + "/pods";
  https.get({ host, port, path, headers, ca: fs.readFileSync(folder + "ca.crt") }, (answer) => {
    let text = "";
    answer.on("data", (chunk) => (text += chunk)).on("end", () => console.log(answer.statusCode, JSON.parse(text).message));
  }).on("error", (error) => console.log(String(error)));`;

const missing = (tool: string): string | false => (has(tool) ? false : `${tool} is not installed`);
const withoutRunc = process.getuid?.() === 0 ? missing("runc") : "runc needs root";

for (const { kind, skip } of [
  { kind: "runc", skip: withoutRunc },
  { kind: "bubblewrap", skip: missing("bwrap") },
] as const)
  describe(`pods in ${kind}`, { skip }, () => {
    it("reach the API as their service account", async () => {
      await using world = await startWorld(kind);
      const { lines } = await world.run("client", { script: `${NODE} -e '${CLIENT}'` });
      assert.match(lines[0] ?? "", /^403 .*User "system:serviceaccount:default:default" cannot list/);
    });

    it("see config maps change, secrets with their modes, and volumes in memory", async () => {
      await using world = await startWorld(kind);
      const { client } = world;
      const metadata = { name: "conf", namespace: NAMESPACE };
      await client.create(ConfigMap, { metadata, data: { key: "one" } });
      await client.create(Secret, { metadata: { name: "cred", namespace: NAMESPACE }, data: { p: "czNj" } });
      const running = world.run("files", {
        script: [
          "echo left > /shared/left; cat /shared/left /conf/key /cred/p; echo; stat -Lc %a /cred/p",
          "touch /cred/new 2>&1 | grep -o Read-only",
          "until grep -q two /conf/key; do sleep 0.01; done; cat /conf/key",
        ].join("; "),
        volumes: [
          { name: "conf", configMap: { name: "conf" } },
          { name: "cred", secret: { secretName: "cred", defaultMode: 0o440 } },
          { name: "shared", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
        ],
        mounts: [
          { name: "conf", mountPath: "/conf" },
          { name: "cred", mountPath: "/cred" },
          { name: "shared", mountPath: "/shared" },
        ],
      });
      await isRunning(world, "files");
      await client.patch(ConfigMap, metadata, { type: "merge", body: { data: { key: "two" } } });
      const { state, lines } = await running;
      assert.deepEqual([state.exitCode, lines.at(-1)], [0, "two"]);
      assert.ok(lines.includes("440") && lines.includes("left") && lines.includes("Read-only"), lines.join());
    });

    it("run as the user that they are given, and cannot gain privileges", async () => {
      await using world = await startWorld(kind);
      const { lines } = await world.run("user", {
        script:
          "id -u; id -g; grep -E '^(NoNewPrivs|CapEff):' /proc/self/status | tr -d '\\t'; touch /file 2>&1 | grep -o 'Read-only'",
        spec: { securityContext: { runAsUser: 1001, runAsGroup: 1002, runAsNonRoot: true } },
        container: { securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false } },
      });
      assert.deepEqual(lines, ["1001", "1002", "CapEff:0000000000000000", "NoNewPrivs:1", "Read-only"]);
    });

    it("are evicted when they write more than they may, into their image or into a volume", async () => {
      await using world = await startWorld(kind);
      const write = (path: string): string => `head -c 3000000 /dev/zero > ${path}; sleep 600`;
      const [image, volume] = await Promise.all([
        world.run("image", {
          script: write("/root-file"),
          container: { resources: { limits: { "ephemeral-storage": "2Mi" } } },
        }),
        world.run("volume", {
          script: write("/data/file"),
          volumes: [{ name: "data", emptyDir: { sizeLimit: "2Mi" } }],
          mounts: [{ name: "data", mountPath: "/data" }],
        }),
      ]);
      assert.deepEqual(
        [image, volume].map(({ pod }) => [pod.status?.reason, pod.status?.message]),
        [
          ["Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. "],
          ["Evicted", 'Usage of EmptyDir volume "data" exceeds the limit "2Mi". '],
        ],
      );
    });

    it("read what is in an image, and change nothing of it", async () => {
      await using world = await startWorld(kind);
      const { lines } = await world.run("reader", {
        script: "cut -d: -f1 /image/etc/passwd | head -1; touch /image/new 2>&1 | grep -o Read-only; ls /part",
        volumes: [{ name: "image", image: { reference: "skeleton:1" } }],
        mounts: [
          { name: "image", mountPath: "/image" },
          { name: "image", mountPath: "/part", subPath: "etc" },
        ],
      });
      assert.deepEqual(lines.slice(0, 2), ["root", "Read-only"]);
      assert.ok(lines.slice(2).includes("passwd"), lines.join());
    });
  });

describe("pods in runc only", { skip: withoutRunc }, () => {
  it("have groups, filters, shares and kernel settings as they ask for them", async () => {
    await using world = await startWorld("runc");
    const { lines } = await world.run("asks", {
      script:
        "id -G; stat -c '%g %a' /shared; grep -E '^(Seccomp|CapBnd):' /proc/self/status | tr -d '\\t'; cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/tcp_syncookies; cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight 2>/dev/null",
      spec: {
        securityContext: {
          ...{ runAsUser: 1001, runAsGroup: 1001, fsGroup: 2000, supplementalGroups: [3000] },
          sysctls: [{ name: "net.ipv4.tcp_syncookies", value: "0" }],
        },
      },
      container: {
        resources: { requests: { cpu: "500m" } },
        securityContext: { capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } },
      },
      volumes: [{ name: "shared", emptyDir: {} }],
      mounts: [{ name: "shared", mountPath: "/shared" }],
    });
    const shares = lines.pop();
    assert.ok(shares === "512" || shares === "59" || shares === "20", `shares ${shares}`);
    assert.deepEqual(lines, ["1001 2000 3000", "2000 2777", "CapBnd:0000000000000400", "Seccomp:2", "0", "0"]);
  });

  it("without a filter when they say so, and with setuid programs that work", async () => {
    await using world = await startWorld("runc");
    const { lines } = await world.run("plain", {
      script: "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status | tr -d '\\t'",
      container: { securityContext: { seccompProfile: { type: "Unconfined" } } },
    });
    assert.deepEqual(lines, ["NoNewPrivs:0", "Seccomp:0"]);
  });

  it("see the processes of each other when they share them, and leave none behind", async () => {
    await using world = await startWorld("runc");
    const { lines, pod } = await world.run("shared", {
      // A name that the text of this script does not match itself.
      script: [
        'find() { for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline | grep -q "other[ ]one" && basename $p; done; }',
        'until [ -n "$(find)" ]; do sleep 0.05; done',
        "cut -d' ' -f2 /proc/1/stat",
        "kill -TERM $(find)",
      ].join("; "),
      spec: { shareProcessNamespace: true },
      other: ["/bin/sh", "-c", "sleep 600; : other one"],
    });
    const other = pod.status?.containerStatuses?.find(({ name }) => name === "other");
    assert.equal(other?.state?.terminated?.exitCode, 143);
    assert.deepEqual(lines, ["(sh)"]);
  });

  it("end when they use more memory than they may", async () => {
    await using world = await startWorld("runc");
    const { state } = await world.run("greedy", {
      script: `exec ${NODE} -e 'const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))'`,
      container: { resources: { limits: { memory: "64Mi" } } },
    });
    assert.deepEqual([state.reason, state.exitCode], ["OOMKilled", 137]);
  });
});
