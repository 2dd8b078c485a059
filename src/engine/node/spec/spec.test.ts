import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Container, Pod } from "#api/builtin/types.gen.ts";
import type { ImageConfig } from "#ports/oci/image.ts";
import { buildContainerSpec } from "./container-spec.ts";
import { type References, resolveEnvironment } from "./environment.ts";
import { expand } from "./expand.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "ns", uid: "u", labels: { tier: "front" } },
  spec: { containers: [{ name: "c" }] },
};
const running = { pod, podIP: "10.0.0.2", hostIP: "192.0.2.1", nodeName: "n" };
const meta = { apiVersion: "v1", metadata: { name: "x" } };
const references: References = {
  configMap: async (_, name) =>
    name === "conf" ? { ...meta, kind: "ConfigMap", data: { key: "value", "a.txt": "A" } } : undefined,
  secret: async (_, name) => (name === "cred" ? { ...meta, kind: "Secret", data: { pass: "czNjcmV0" } } : undefined),
  serviceVariables: async () => ({ DB_SERVICE_HOST: "10.96.3.1", A: "service" }),
};

describe("expand", () => {
  for (const [text, result] of [
    ["$(A)-$(B)", "1-$(B)"],
    ["$$(A) $A $", "$(A) $A $"],
    ["$(toString)", "$(toString)"],
  ] as const)
    it(`${text} -> ${result}`, () => assert.equal(expand(text, { A: "1" }), result));
});

describe("resolveEnvironment", () => {
  const resolve = (container: Partial<Container>): Promise<Record<string, string>> =>
    resolveEnvironment({ container: { name: "c", ...container }, running, references, imageEnv: ["A=image", "B=x=y"] });

  it("merges image, envFrom and env, later wins, with references expanded", async () => {
    const env = await resolve({
      envFrom: [{ prefix: "P_", configMapRef: { name: "conf" } }, { secretRef: { name: "none", optional: true } }],
      env: [
        { name: "A", value: "own" },
        { name: "C", value: "$(A) $(P_key) $(LATER)" },
        { name: "S", valueFrom: { secretKeyRef: { name: "cred", key: "pass" } } },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "TIER", valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } },
        { name: "NONE", valueFrom: { configMapKeyRef: { name: "conf", key: "none", optional: true } } },
      ],
    });
    const { PATH, ...rest } = env;
    assert.match(PATH ?? "", /\/usr\/bin/);
    assert.deepEqual(rest, {
      HOSTNAME: "web-1",
      A: "own",
      B: "x=y",
      P_key: "value",
      "P_a.txt": "A",
      C: "own value $(LATER)",
      DB_SERVICE_HOST: "10.96.3.1",
      S: "s3cret",
      IP: "10.0.0.2",
      TIER: "front",
    });
  });

  const missing: { title: string; container: Partial<Container>; message: RegExp }[] = [
    {
      title: "an object",
      container: { envFrom: [{ configMapRef: { name: "no" } }] },
      message: /^configmap "no" not found$/,
    },
    {
      title: "a key",
      container: { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "cred", key: "no" } } }] },
      message: /^couldn't find key no in Secret ns\/cred$/,
    },
  ];
  for (const { title, container, message } of missing)
    it(`fails for want of ${title}`, () =>
      assert.rejects(resolve(container), { reason: "CreateContainerConfigError", message }));
});

describe("buildContainerSpec", () => {
  const build = (container: Partial<Container>, config: NonNullable<ImageConfig["config"]> = {}, remapsPorts = false) =>
    buildContainerSpec({
      id: "id",
      pod,
      container: { name: "c", ...container },
      image: {
        config: { architecture: "amd64", os: "linux", config, rootfs: { type: "layers", diff_ids: [] } },
        layers: ["/l"],
      },
      env: { A: "1" },
      mounts: [],
      network: { kind: "host", ip: "127.0.0.1", port: (port) => port + 10_000 },
      remapsPorts,
      logPath: "/log",
    });
  const image = { Entrypoint: ["/run"], Cmd: ["--default"], User: "1000", WorkingDir: "/app" };

  const commands: { title: string; container: Partial<Container>; args: string[] }[] = [
    { title: "entrypoint and cmd", container: {}, args: ["/run", "--default"] },
    { title: "args replace cmd", container: { args: ["$(A)"] }, args: ["/run", "1"] },
    { title: "command replaces both", container: { command: ["/own"] }, args: ["/own"] },
    { title: "command with args", container: { command: ["/own"], args: ["x"] }, args: ["/own", "x"] },
  ];
  for (const { title, container, args } of commands)
    it(title, () => assert.deepEqual(build(container, image).args, args));

  it("takes user and directory from the image unless the pod says otherwise", () => {
    const { user, cwd } = build({}, image);
    assert.deepEqual([user, cwd], ["1000", "/app"]);
    const own = build({ workingDir: "/w", securityContext: { runAsUser: 7, runAsGroup: 8 } }, image);
    assert.deepEqual([own.user, own.cwd], ["7:8", "/w"]);
  });

  it("turns limits into bounds", () => {
    const { resources } = build({ resources: { limits: { memory: "64Mi", cpu: "250m" } } }, image);
    assert.deepEqual([resources.memoryBytes, resources.cpuMillis], [67_108_864, 250]);
  });

  it("tells programs that share the host's network which port is theirs", () => {
    assert.equal(build({ ports: [{ containerPort: 8080 }] }, image, true).env.PORT, "18080");
    assert.equal(build({ ports: [{ containerPort: 8080 }] }, image).env.PORT, undefined);
  });

  const refused: { title: string; container: Partial<Container>; message: RegExp }[] = [
    { title: "no command", container: {}, message: /no command specified/ },
    {
      title: "root",
      container: { command: ["x"], securityContext: { runAsNonRoot: true } },
      message: /image will run as root/,
    },
    {
      title: "root by number",
      container: { command: ["x"], securityContext: { runAsNonRoot: true, runAsUser: 0 } },
      message: /runAsUser breaks non-root policy/,
    },
  ];
  for (const { title, container, message } of refused)
    it(`refuses ${title}`, () => assert.throws(() => build(container), message));

  it("grants capabilities only out of the usual set", () => {
    const securityContext = { capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE", "SYS_ADMIN"] } };
    assert.deepEqual(build({ command: ["x"], securityContext }).capabilities, ["NET_BIND_SERVICE"]);
  });
});
