// The real kubectl: who am I, what may I do, tokens, acting as others.
import { equal, match } from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cluster, startCluster } from "../compat/cluster.ts";

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
const skip = hasKubectl ? false : "kubectl is not on PATH";

type Run = { code: number; out: string; err: string };

describe("kubectl", { skip }, () => {
  let cluster: Cluster;
  let environment: NodeJS.ProcessEnv = {};

  before(async () => {
    if (!hasKubectl) return;
    cluster = await startCluster();
    const config = join(cluster.folder, "kubeconfig");
    await writeFile(config, cluster.server.kubeconfig(), { mode: 0o600 });
    environment = { PATH: process.env.PATH, HOME: cluster.folder, KUBECONFIG: config };
  });
  after(async () => {
    if (hasKubectl) await cluster[Symbol.asyncDispose]();
  });

  const run = (...parameters: string[]): Promise<Run> =>
    new Promise((resolve) => {
      execFile("kubectl", parameters, { env: environment }, (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out: out.trim(), err: err.trim() });
      });
    });
  const kubectl = async (...parameters: string[]): Promise<string> => {
    const { code, out, err } = await run(...parameters);
    equal(code, 0, `kubectl ${parameters.join(" ")}: ${err}`);
    return out;
  };

  test("auth whoami", async () => {
    match(await kubectl("auth", "whoami"), /Username +admin\nGroups +\[system:masters system:authenticated\]/);
  });

  test("auth can-i, for oneself and for others", async () => {
    equal(await kubectl("auth", "can-i", "delete", "nodes"), "yes");
    await kubectl("create", "serviceaccount", "reader");
    await kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods,pods/log");
    await kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader");
    const reader = "--as=system:serviceaccount:default:reader";
    equal(await kubectl("auth", "can-i", "list", "pods", reader), "yes");
    equal(await kubectl("auth", "can-i", "get", "pods", "--subresource=log", reader), "yes");
    equal((await run("auth", "can-i", "delete", "pods", reader)).out, "no");
    equal((await run("auth", "can-i", "list", "pods", "-n", "kube-system", reader)).out, "no");
    const list = await kubectl("auth", "can-i", "--list", reader);
    match(list, /pods\/log +\[\] +\[\] +\[get list\]/);
    match(list, /selfsubjectaccessreviews.authorization.k8s.io +\[\] +\[\] +\[create\]/);
    match(list, /\[\/healthz\] +\[\] +\[get\]/);
    match(await kubectl("auth", "can-i", "--list"), /\*\.\* +\[\] +\[\] +\[\*\]/);
  });

  test("acts as others", async () => {
    const { code, err } = await run("get", "pods", "--as=jane", "--as-group=developers");
    equal(code, 1);
    match(
      err,
      /^Error from server \(Forbidden\): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"$/,
    );
    await kubectl("create", "clusterrolebinding", "developers", "--clusterrole=view", "--group=developers");
    match(await kubectl("get", "configmaps", "--as=jane", "--as-group=developers"), /kube-root-ca.crt/);
    match((await run("get", "secrets", "--as=jane", "--as-group=developers")).err, /cannot list resource "secrets"/);
    match(await kubectl("auth", "whoami", "--as=jane", "--as-uid=7"), /Username +jane\nUID +7/);
  });

  test("create token", async () => {
    await kubectl("create", "serviceaccount", "robot");
    const token = await kubectl("create", "token", "robot", "--duration=1h");
    const anonymous = ["--kubeconfig=/dev/null", `--server=${cluster.server.url}`, "--insecure-skip-tls-verify"];
    match(
      await kubectl(...anonymous, `--token=${token}`, "auth", "whoami"),
      /Username +system:serviceaccount:default:robot/,
    );
    const bound = ["--bound-object-kind=Pod", "--bound-object-name=none"];
    match((await run("create", "token", "robot", ...bound)).err, /pods "none" not found/);
    match(
      (await run("create", "token", "robot", "--duration=5s")).err,
      /may not specify a duration less than 10 minutes/,
    );
    match((await run(...anonymous, "--token=nonsense", "get", "pods")).err, /Unauthorized|must be logged in/);
  });
});
