// exec, attach, port-forward and proxy over the wire: kubectl with both of its transports, and the bare protocols.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { ClusterRole, ClusterRoleBinding } from "#api/builtin/index.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { eventually } from "./cluster.ts";
import { callServer } from "./http.ts";
import { listen, type StreamsWorld, startStreamsWorld } from "./streams-world.ts";

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
const skip = hasKubectl ? false : "kubectl is not on PATH";

let world: StreamsWorld;
let kubeconfig = "";

before(async () => {
  world = await startStreamsWorld();
  kubeconfig = join(world.cluster.folder, "kubeconfig");
  await writeFile(kubeconfig, world.cluster.server.kubeconfig(), { mode: 0o600 });
});
after(async () => await world[Symbol.asyncDispose]());

for (const transport of ["WebSocket", "SPDY"])
  describe(`kubectl over ${transport}`, { skip }, () => {
    const environment = (): NodeJS.ProcessEnv => ({
      PATH: process.env.PATH,
      HOME: world.cluster.folder,
      KUBECONFIG: kubeconfig,
      KUBECTL_REMOTE_COMMAND_WEBSOCKETS: String(transport === "WebSocket"),
      KUBECTL_PORT_FORWARD_WEBSOCKETS: String(transport === "WebSocket"),
    });
    const start = (...args: string[]) => spawn("kubectl", ["-n", world.namespace, ...args], { env: environment() });
    const run = async (args: string[], input: string | Buffer = "") => {
      const child = start(...args);
      child.stdin.on("error", () => undefined).end(input);
      const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, "close")]);
      return { code: child.exitCode, out, err: err.toString() };
    };
    const exec = (...command: string[]) => run(["exec", "p", "-c", "main", "--", ...command]);

    test("exec keeps the streams apart and passes the exit code on", async () => {
      const { code, out, err } = await exec("sh", "-c", "echo out; echo err >&2; exit 3");
      assert.deepEqual([code, out.toString(), err], [3, "out\n", "err\ncommand terminated with exit code 3\n"]);
    });

    test("exec passes input on to its end, in both directions whole", async () => {
      const data = Buffer.from(Array.from({ length: 3 << 20 }, (_, index) => (index * 7) % 251));
      const { code, out } = await run(["exec", "-i", "p", "-c", "main", "--", "cat"], data);
      assert.equal(code, 0);
      assert.equal(out.equals(data), true);
    });

    test("exec ends when the program does, whatever input is left", async () => {
      const { out } = await run(["exec", "-i", "p", "-c", "main", "--", "head", "-c", "3"], Buffer.alloc(8 << 20, "x"));
      assert.equal(out.toString(), "xxx");
    });

    test("says what is wrong before and after the upgrade", async () => {
      const cases: [string[], RegExp][] = [
        [["exec", "absent", "--", "true"], /^Error from server \(NotFound\): pods "absent" not found/],
        [["exec", "p", "-c", "no", "--", "true"], /\(BadRequest\): container no is not valid for pod p/],
        [["exec", "p", "-c", "side", "--", "true"], /unable to upgrade connection: container not found \("side"\)/],
        [
          ["exec", "p", "-c", "main", "--", "nosuch"],
          /^error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "[0-9a-f]{64}": OCI runtime exec failed: .*exec: "nosuch": executable file not found in \$PATH: unknown/,
        ],
      ];
      for (const [args, expected] of cases) {
        const { code, err } = await run(args);
        assert.equal(code, 1);
        assert.match(err, expected);
      }
    });

    test("a program whose client is gone is closed", async () => {
      const child = start("exec", "p", "-c", "main", "--", "sleep", "1000");
      const program = await eventually(async () => {
        const last = world.programs.at(-1);
        return last?.args[0] === "sleep" && !last.closed && last;
      });
      child.kill("SIGKILL");
      await eventually(async () => program.closed);
    });

    test("attach talks to the container's own program", async () => {
      const { code, out } = await run(["attach", "-i", "p", "-c", "main"], "hello\n");
      assert.deepEqual([code, out.toString()], [0, "hello\n"]);
    });

    test("port-forward carries connections side by side, half closed and refused ones too", async () => {
      await using echo = await listen((socket) => socket.pipe(socket));
      await using greeting = await listen((socket) => socket.resume().on("end", () => socket.end("after your end")));
      world.ports.set(7, echo.port).set(8, greeting.port);
      const child = start("port-forward", "pod/p", "--address=127.0.0.1", ":7", ":8", ":9");
      try {
        let said = "";
        for (const stream of [child.stdout, child.stderr])
          stream.on("data", (chunk: Buffer) => {
            said += chunk.toString();
          });
        const [seven = 0, eight = 0, nine = 0] = await eventually(async () => {
          const found = [...said.matchAll(/Forwarding from 127.0.0.1:(\d+) -> \d/g)].map(([, port]) => Number(port));
          return found.length === 3 && found;
        });
        const ask = async (port: number, data: Buffer): Promise<Buffer> => {
          const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
          socket.end(data);
          return await buffer(socket);
        };
        const data = Array.from({ length: 8 }, (_, index) => Buffer.alloc(200_000 + index, index));
        assert.deepEqual(await Promise.all(data.map((one) => ask(seven, one))), data);
        assert.equal((await ask(eight, Buffer.from("question"))).toString(), "after your end");
        await eventually(async () => echo.connections.size + greeting.connections.size === 0);
        await ask(nine, Buffer.from("x")).catch(() => undefined);
        await eventually(async () =>
          /error forwarding port 9 to pod p, uid \S+: dial tcp .*connection refused/.test(said),
        );
      } finally {
        child.kill();
        world.ports.clear();
      }
    });
  });

function open(path: string, protocols: string[] = [], as?: string): WebSocket {
  const { ca, cert, key } = parseKubeconfig(world.cluster.server.kubeconfig());
  const identity = as ? { headers: { authorization: `Bearer ${as}` } } : { cert, key };
  const url = `${world.cluster.server.url.replace("https", "wss")}/api/v1/namespaces/${world.namespace}${path}`;
  return new WebSocket(url, protocols, { ca, ...identity });
}

/** All messages until the end; `send` is called once the connection stands. */
async function talk(client: WebSocket, send: (client: WebSocket) => void = () => undefined): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  client.on("message", (message: Buffer) => messages.push(message));
  client.once("open", () => send(client));
  await once(client, "close");
  return messages;
}

/** What came on a channel. */
const on = (messages: readonly Buffer[], channel: number): string =>
  Buffer.concat(messages.filter(([first]) => first === channel).map((message) => message.subarray(1))).toString();

/** The code with which an upgrade is refused, and the reason and message of its Status. */
async function refusal(client: WebSocket): Promise<[number | undefined, string, string]> {
  const [, response] = await once(client, "unexpected-response");
  const { reason, message } = JSON.parse((await buffer(response)).toString());
  return [response.statusCode, reason, message];
}

const EXEC = "/pods/p/exec?container=main";

describe("commands over a WebSocket", () => {
  test("v5 ends input with a message, v4 cannot", async () => {
    const v5 = open(`${EXEC}&command=cat&stdin=1&stdout=1`, ["v5.channel.k8s.io"]);
    const messages = await talk(v5, (client) => {
      client.send(Buffer.from("\0hello"));
      client.send(Buffer.from([255, 0]));
    });
    assert.equal(v5.protocol, "v5.channel.k8s.io");
    assert.equal(on(messages, 1), "hello");
    assert.deepEqual(JSON.parse(on(messages, 3)), { metadata: {}, status: "Success" });
    const v4 = open(`${EXEC}&command=head&command=-c5&stdin=1&stdout=1`, ["v4.channel.k8s.io"]);
    assert.equal(on(await talk(v4, (client) => client.send(Buffer.from("\0hello"))), 1), "hello");
  });

  test("tells how the program ended", async () => {
    const client = open(`${EXEC}&command=sh&command=-c&command=exit%209&stdout=1`, ["v4.channel.k8s.io"]);
    assert.deepEqual(JSON.parse(on(await talk(client), 3)), {
      metadata: {},
      status: "Failure",
      message: "command terminated with non-zero exit code: exit status 9",
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "9" }] },
    });
  });

  test("speaks the old protocols: base64, plain errors, none at all", async () => {
    const encoded = open(`${EXEC}&command=echo&command=hi&stdout=1`, ["base64.channel.k8s.io"]);
    const texts = (await talk(encoded)).map(String);
    assert.ok(texts.includes(`1${Buffer.from("hi\n").toString("base64")}`), texts.join());
    const plain = open(`${EXEC}&command=sh&command=-c&command=exit%202&stdout=1`, ["channel.k8s.io"]);
    assert.match(on(await talk(plain), 3), /^command terminated with non-zero exit code/);
    assert.equal(on(await talk(open(`${EXEC}&command=echo&command=hi&stdout=1`)), 1), "hi\n");
  });

  test("gives a terminal its size, and ignores nonsense", async () => {
    const client = open(`${EXEC}&command=sh&command=-c&command=read%20x&stdin=1&stdout=1&tty=1`, ["v5.channel.k8s.io"]);
    await talk(client, () => {
      for (const text of ['{"Width":80,"Height":24}', "nonsense", "null", '{"Width":"x"}'])
        client.send(Buffer.from(`\x04${text}`));
      client.send(Buffer.from([77, 1, 2, 3]));
      client.send(Buffer.alloc(0));
      client.send(Buffer.from("\0\n"));
    });
    const program = world.programs.at(-1);
    assert.deepEqual([program?.terminal, program?.sizes], [true, [{ columns: 80, rows: 24 }]]);
  });

  test("refuses with a Status what cannot be upgraded", async () => {
    assert.deepEqual(await refusal(open("/pods/absent/exec?command=x&stdout=1")), [
      404,
      "NotFound",
      'pods "absent" not found',
    ]);
    assert.deepEqual(await refusal(open("/pods/p/exec?command=x&stdout=1")), [
      400,
      "BadRequest",
      "a container name must be specified for pod p, choose one of: [main side] or one of the init containers: [first]",
    ]);
    assert.deepEqual((await refusal(open(`${EXEC}&stdout=1`))).slice(0, 2), [400, "BadRequest"]);
    assert.deepEqual((await refusal(open(`${EXEC}&command=x`))).slice(0, 2), [400, "BadRequest"]);
    assert.deepEqual((await refusal(open(`${EXEC}&command=x&stdout=1`, ["unheard.of"]))).slice(0, 2), [
      400,
      "BadRequest",
    ]);
    const plain = await callServer(world.cluster.server, `/api/v1/namespaces/${world.namespace}${EXEC}&command=x`);
    assert.deepEqual([plain.code, JSON.parse(plain.body).message], [400, "Upgrade request required"]);
  });

  test("takes more than reading: a GET that is upgraded needs `create` as well", async () => {
    const { server } = world.cluster;
    const grant = async (name: string, verbs: string[]): Promise<string> => {
      const rules = [{ apiGroups: [""], resources: ["pods/exec"], verbs }];
      await world.client.create(ClusterRole, { metadata: { name }, rules });
      await world.client.create(ClusterRoleBinding, {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        subjects: [{ kind: "User", name, apiGroup: "rbac.authorization.k8s.io" }],
      });
      return await server.issueToken({ name, groups: [] }, 600);
    };
    const path = `${EXEC}&command=echo&command=hi&stdout=1`;
    const [code, reason, message] = await refusal(open(path, [], await grant("reader", ["get"])));
    assert.deepEqual([code, reason], [403, "Forbidden"]);
    assert.match(message, /User "reader" cannot create resource "pods\/exec"/);
    assert.equal(on(await talk(open(path, [], await grant("operator", ["get", "create"]))), 1), "hi\n");
  });
});

describe("other things over a WebSocket", () => {
  test("ports by number, as channels", async () => {
    await using echo = await listen((socket) => socket.pipe(socket));
    world.ports.set(7, echo.port);
    const client = open("/pods/p/portforward?ports=7&ports=9", ["v4.channel.k8s.io"]);
    const messages: Buffer[] = [];
    client.on("message", (message: Buffer) => messages.push(message));
    await once(client, "open");
    client.send(Buffer.from("\0ping"));
    await eventually(async () => on(messages, 0).endsWith("ping") && on(messages, 3).includes("refused"));
    assert.deepEqual([...Buffer.from(on(messages, 0))].slice(0, 2), [7, 0]);
    assert.match(on(messages, 3).slice(2), /^error forwarding port 9 to pod p, uid .*connection refused$/);
    client.close();
    await eventually(async () => echo.connections.size === 0);
    world.ports.clear();
  });

  test("logs", async () => {
    const messages = await talk(open("/pods/p/log?container=main", ["binary.k8s.io"]));
    assert.equal(Buffer.concat(messages).toString(), "logged\n");
  });
});
