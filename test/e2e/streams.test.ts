/** kubectl exec, attach, run, cp, port-forward and proxy with pods that really run, in every runtime of this machine. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { Pod } from "#api/builtin/index.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { parseLogOptions } from "#engine/node/logs.ts";
import { startNode } from "#engine/node/node.ts";
import { isTrue } from "#kit/conditions.ts";
import { KubeClient } from "#ports/kube/client.ts";
import type { ImageSource } from "#ports/oci/image.ts";
import { createBubblewrap } from "#ports/sandbox/bubblewrap/bubblewrap.ts";
import { detectNetwork } from "#ports/sandbox/network/detect.ts";
import { createLoopbackNetwork } from "#ports/sandbox/network/loopback.ts";
import { createRunc } from "#ports/sandbox/runc/runc.ts";
import { hostMounts, makeSkeleton } from "#ports/sandbox/skeleton.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";

const isRoot = process.getuid?.() === 0;
const TOOLS = ["kubectl", "script", "setpriv", "stty", "nsenter", "tar"];

function missing(...tools: string[]): string | false {
  const absent = [...TOOLS, ...tools].filter((tool) => !has(tool));
  return absent.length > 0 && `not installed: ${absent.join(", ")}`;
}

/** Answers with the address that it listens on: one for everybody, and one for its own pod only. */
const SERVER = `
  const { createServer } = require("http");
  const [all, own] = process.argv.slice(1).map(Number);
  for (const [host, port] of [["0.0.0.0", all], ["127.0.0.1", own]])
    createServer((q, a) => a.end(host + " " + q.url)).listen(port, host);`;

/** What makes up a pod that has the host's programs. */
async function hostPrograms(): Promise<{ volumeMounts: object[]; volumes: object[] }> {
  const mounts = [...(await hostMounts()), { source: dirname(process.execPath), target: "/opt/node" }];
  return {
    volumeMounts: mounts.map(({ target }, index) => ({ name: `v${index}`, mountPath: target, readOnly: true })),
    volumes: mounts.map(({ source }, index) => ({ name: `v${index}`, hostPath: { path: source } })),
  };
}

for (const { name, make, skip } of [
  { name: "runc", make: createRunc, skip: isRoot ? missing("runc") : "runc needs root" },
  { name: "bubblewrap", make: createBubblewrap, skip: missing("bwrap") },
] as const)
  describe(`kubectl with pods in ${name}`, { skip }, () => {
    let cluster: Cluster;
    let client: KubeClient;
    let directory: string;
    let close: () => Promise<void>;
    let ports = { all: 8080, own: 8081 };

    const start = (...args: string[]): ChildProcess =>
      spawn("kubectl", args, {
        env: { PATH: process.env.PATH, HOME: directory, KUBECONFIG: join(directory, "kubeconfig"), SHELL: "/bin/sh" },
      });
    const run = async (args: string[], input: string | Buffer = "") => {
      const child = start(...args) as ReturnType<typeof spawn> & { stdin: NonNullable<ChildProcess["stdin"]> };
      child.stdin.on("error", () => undefined).end(input);
      const [out, err] = await Promise.all([
        buffer(child.stdout as NonNullable<typeof child.stdout>),
        buffer(child.stderr as NonNullable<typeof child.stderr>),
        once(child, "close"),
      ]);
      return { code: child.exitCode, out: out.toString(), err: err.toString() };
    };
    const kubectl = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await run(args);
      assert.equal(code, 0, `kubectl ${args.join(" ")}: ${err}`);
      return out;
    };
    const create = async (pod: string, container: object): Promise<void> => {
      const { volumeMounts, volumes } = await hostPrograms();
      const containers = [
        { name: "c", image: "host", volumeMounts, env: [{ name: "GREETING", value: "hi" }], ...container },
      ];
      const spec = { nodeName: "node-1", containers, volumes, terminationGracePeriodSeconds: 1 };
      await client.create(Pod, { metadata: { name: pod, namespace: "default" }, spec } as never);
      let last: unknown;
      const ready = eventually(`pod ${pod} to be ready`, async () => {
        const status = (await client.get(Pod, pod, "default"))?.status;
        last = status;
        return isTrue({ status } as never);
      });
      await ready.catch((error: Error) => Promise.reject(new Error(`${error.message}: ${JSON.stringify(last)}`)));
    };

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "slipway-e2e-streams-"));
      const layer = join(directory, "layer");
      await mkdir(layer);
      await makeSkeleton(layer);
      await mkdir(join(layer, "opt"));
      cluster = await startCluster();
      await writeFile(join(directory, "kubeconfig"), cluster.server.kubeconfig(), { mode: 0o600 });
      client = new KubeClient(cluster.inProcess);
      const cache = new ObjectCache(client);
      const config = {
        architecture: "amd64",
        os: "linux",
        config: {},
        rootfs: { type: "layers", diff_ids: [] },
      } as const;
      const described = { reference: "host@sha256:1", digest: "sha256:1", config: config as never };
      const images: ImageSource = {
        describe: async () => described,
        unpack: async () => ({ ...described, layers: [layer] }),
      };
      const instance = process.pid.toString(16).padStart(8, "0");
      const network =
        name === "runc"
          ? (await detectNetwork({ instance, serviceRange: "10.96.0.0/16" })).network
          : createLoopbackNetwork({ start: process.pid });
      // Pods that share the host's network have to keep out of each other's way.
      if (network.remapsPorts) ports = { all: 10_000 + (process.pid % 10_000), own: 20_000 + (process.pid % 9_000) };
      const node = await startNode({
        client,
        cache,
        runtime: make({ directory: join(directory, "sandbox") }),
        network,
        images,
        dataDir: directory,
        nodeName: "node-1",
        clock: () => new Date(),
      });
      cluster.server.setPodStreams({
        logs: (namespace, pod, container, query, signal) =>
          node.logs(namespace, pod, container, parseLogOptions(query, Date.now()), signal),
        container: (namespace, pod, container) => node.container(namespace, pod, container),
        connect: (namespace, pod, port) => node.connect(namespace, pod, port),
      });
      close = async () => {
        await node.close();
        await cache.close();
        await cluster[Symbol.asyncDispose]();
        await rm(directory, { recursive: true, force: true });
      };
      await create("tools", { command: ["sleep", "1000"], workingDir: "/tmp" });
    });
    after(() => close());

    test("exec runs a program as if it were the pod's own", async () => {
      assert.equal(
        await kubectl("exec", "tools", "--", "sh", "-c", "echo $GREETING; pwd; hostname"),
        "hi\n/tmp\ntools\n",
      );
      const { code, out, err } = await run(["exec", "tools", "--", "sh", "-c", "echo out; echo err >&2; exit 42"]);
      assert.deepEqual([code, out, err], [42, "out\n", "err\ncommand terminated with exit code 42\n"]);
      assert.equal((await run(["exec", "-i", "tools", "--", "wc", "-c"], Buffer.alloc(1 << 20))).out.trim(), "1048576");
      const absent = await run(["exec", "tools", "--", "nosuch"]);
      assert.match(
        absent.err,
        /OCI runtime exec failed: exec failed: .*exec: "nosuch": executable file not found in \$PATH/,
      );
    });

    test("exec -it gives a terminal of the client's size, and passes the exit code on", async () => {
      const command = "stty cols 101 rows 31; kubectl exec -it tools -- sh; echo code=$?";
      const terminal = spawn("script", ["-q", "-f", "-c", command, "/dev/null"], {
        env: { PATH: process.env.PATH, HOME: directory, KUBECONFIG: join(directory, "kubeconfig"), SHELL: "/bin/sh" },
      });
      let seen = "";
      terminal.stdout.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
      });
      const closed = once(terminal, "close");
      terminal.stdin.write("while ! stty size | grep '31 101'; do sleep 0.1; done; echo $TERM si''zed\r");
      await eventually("the terminal to have its size", async () => /xterm sized/.test(seen));
      terminal.stdin.write("(trap 'echo cau''ght; exit 3' INT; echo rea''dy; while :; do sleep 0.05; done)\r");
      await eventually("the program to wait", async () => /ready/.test(seen));
      terminal.stdin.write("\x03");
      await eventually("the interrupt to arrive", async () => /caught/.test(seen));
      terminal.stdin.write("exit 7\r");
      await closed;
      assert.match(seen, /code=7/);
    });

    test("a program whose client is gone is killed with all that it started", async () => {
      const marker = `4321.${process.pid}`;
      const running = async (): Promise<number> => {
        const pids = (await readdir("/proc")).filter((pid) => /^\d+$/.test(pid));
        const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
        return lines.filter((line) => line === `sleep\0${marker}\0`).length;
      };
      const child = start("exec", "tools", "--", "sh", "-c", `sleep ${marker} & sleep ${marker}`);
      await eventually("both to run", async () => (await running()) === 2);
      child.kill("SIGKILL");
      await eventually("both to be gone", async () => (await running()) === 0);
    });

    test("cp copies both ways", async () => {
      const [from, to] = [join(directory, "from"), join(directory, "to")];
      const data = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256));
      await writeFile(from, data);
      // Without root there is one user in a container, so nothing can be given to the one of the file.
      await kubectl("cp", ...(isRoot ? [] : ["--no-preserve"]), from, "tools:/tmp/copied");
      await kubectl("cp", "tools:/tmp/copied", to);
      assert.equal((await readFile(to)).equals(data), true);
    });

    test("attach and run talk to the container's own program", async () => {
      await create("shell", { command: ["sh"], stdin: true, tty: true });
      const command = "kubectl attach -it shell; echo ended";
      const terminal = spawn("script", ["-q", "-f", "-c", command, "/dev/null"], {
        env: { PATH: process.env.PATH, HOME: directory, KUBECONFIG: join(directory, "kubeconfig"), SHELL: "/bin/sh" },
      });
      let seen = "";
      terminal.stdout.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
      });
      const closed = once(terminal, "close");
      terminal.stdin.write("test -t 0 && echo attach''ed\r");
      await eventually("an answer of the shell", async () => /attached/.test(seen));
      terminal.stdin.write("exit 0\r");
      await closed;
      assert.match(seen, /ended/);
      const { volumeMounts, volumes } = await hostPrograms();
      const overrides = JSON.stringify({
        spec: {
          nodeName: "node-1",
          containers: [
            {
              name: "once",
              image: "host",
              stdin: true,
              stdinOnce: true,
              command: ["sh", "-c", "cat; exit 5"],
              volumeMounts,
            },
          ],
          volumes,
        },
      });
      const args = ["run", "once", "--rm", "-i", "--restart=Never", "--image=host", `--overrides=${overrides}`];
      const { code, out } = await run(args, "through the pod\n");
      assert.equal(code, 5);
      assert.match(out, /^through the pod\n/);
      assert.match(out, /pod "once" deleted/);
    });

    test("port-forward and proxy reach what the pod listens on, its own loopback too", async () => {
      await create("web", {
        command: ["/opt/node/node", "-e", SERVER, String(ports.all), String(ports.own)],
        readinessProbe: {
          periodSeconds: 1,
          exec: { command: ["sh", "-c", `grep -qi :${ports.own.toString(16).padStart(4, "0")} /proc/net/tcp`] },
        },
      });
      const child = start("port-forward", "pod/web", "--address=127.0.0.1", `:${ports.all}`, `:${ports.own}`);
      try {
        let said = "";
        child.stdout?.on("data", (chunk: Buffer) => {
          said += chunk.toString();
        });
        const [all, own] = await eventually("kubectl to listen", async () => {
          const found = [...said.matchAll(/127.0.0.1:(\d+) ->/g)].map(([, port]) => port);
          return found.length === 2 && found;
        });
        const answers = await Promise.all(
          [all, own, all, own].map(async (port, index) => (await fetch(`http://127.0.0.1:${port}/${index}`)).text()),
        );
        assert.deepEqual(answers, ["0.0.0.0 /0", "127.0.0.1 /1", "0.0.0.0 /2", "127.0.0.1 /3"]);
      } finally {
        child.kill();
      }
      const raw = (port: number): Promise<string> =>
        kubectl("get", "--raw", `/api/v1/namespaces/default/pods/web:${port}/proxy/path?x=1`);
      assert.equal(await raw(ports.all), "0.0.0.0 /path?x=1");
      assert.equal(await raw(ports.own), "127.0.0.1 /path?x=1");
    });
  });
