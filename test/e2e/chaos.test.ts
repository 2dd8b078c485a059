/**
 * kill -9 at random moments while pushes go on: nothing is run twice, mispaired, lost or left behind.
 * `SLIPWAY_CHAOS_KILLS` is how often it is killed, `SLIPWAY_CHAOS_SEED` repeats the moments of an earlier run.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Application } from "#api/argoproj.io/index.ts";
import { ConfigMap, Deployment, Job, Pod } from "#api/builtin/index.ts";
import { Deliverable } from "#api/carto.run/deliverable.ts";
import { Runnable } from "#api/carto.run/runnable.ts";
import { Workload } from "#api/carto.run/workload.ts";
import { PodIntent } from "#api/conventions.carto.run/index.ts";
import { Build, ClusterStack, Image } from "#api/kpack.io/index.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { Revision, Service } from "#api/serving.knative.dev/index.ts";
import { ConfigBundle } from "#api/slipway.dev/config-bundle.ts";
import { ConfigCommit } from "#api/slipway.dev/config-commit.ts";
import { GitRepository } from "#api/source.toolkit.fluxcd.io/git-repository.ts";
import { isTrue } from "#kit/conditions.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { httpTransport } from "#ports/kube/http.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { get } from "../harness/http.ts";
import { leftovers } from "../harness/leftovers.ts";
import { crashAfter, must, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { Random } from "../harness/random.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";
import { App } from "./chaos/apps.ts";
import { bundled, committed } from "./chaos/deliveries.ts";
import { FLAVOURS, testedChain, workload } from "./chaos/objects.ts";
import { duplicates, Witness } from "./chaos/witness.ts";

const KILLS = Number(process.env.SLIPWAY_CHAOS_KILLS ?? 12);
const SEED = Number(process.env.SLIPWAY_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** One kill of three is somewhere in a start, the others come so late after it. */
const LONGEST_START_MS = 1500;
const LONGEST_LIFE_MS = 2500;
const LONGEST_PAUSE_MS = 800;
const NAMESPACE = "default";
/** Everything that a chain makes. */
const MADE: readonly ResourceRef<unknown>[] = [
  ...[GitRepository, Image, Build, PodIntent, ConfigCommit, ConfigBundle, Runnable, Deliverable, Application],
  ...[Service, Revision, Deployment, Job, Pod, ConfigMap],
];

describe("kill -9 while pushes go on", has("git") ? {} : { skip: "git is not installed" }, () => {
  let sandbox: Sandbox;
  let program: Program;
  let work: string;
  let apps: App[];
  let client: KubeClient;
  const web = (): App[] => apps.filter(({ name }) => name !== "tested");
  const urlOf = (name: string): string => `http://${name}.${NAMESPACE}.apps.localhost:${sandbox.portBase + 80}`;

  before(async () => {
    console.log(`SLIPWAY_CHAOS_SEED=${SEED} SLIPWAY_CHAOS_KILLS=${KILLS}`);
    sandbox = await reserve();
    work = await mkdtemp(join(tmpdir(), "slipway-chaos-"));
    await mkdir(join(work, "record"), { mode: 0o777 });
    await must("chmod", ["-R", "a+rwx", work]);
    program = await startProgram(sandbox);
    client = new KubeClient(httpTransport(parseKubeconfig((await slipway(sandbox, "kubeconfig")).stdout)));
    const token = (await slipway(sandbox, "token")).stdout.trim();
    for (const object of testedChain(sandbox, join(work, "record")))
      await client.apply(await client.resourceFor(object.apiVersion, object.kind), object as Draft<Unstructured>);
    apps = FLAVOURS.map((flavour) => new App(flavour, work, sandbox, token));
    for (const app of apps) {
      await app.init();
      await app.push();
    }
    await eventually("the run image to be made", async () => {
      const stack = await client.get(ClusterStack, "default");
      return stack && isTrue(stack);
    });
    for (const flavour of FLAVOURS) await client.create(Workload, workload(flavour, sandbox));
    await live();
    await program.crash();
  });

  after(async () => {
    await program?.stop();
    await client?.transport.close();
    await slipway(sandbox, "down");
    const left = await leftovers(sandbox.data);
    await Promise.all([sandbox.remove(), rm(work, { recursive: true, force: true })]);
    assert.deepEqual(left, []);
  });

  async function liveAndDie(random: Random): Promise<void> {
    if (random.chance(1 / 3)) return await crashAfter(sandbox, random.below(LONGEST_START_MS));
    program = await startProgram(sandbox);
    await sleep(random.below(LONGEST_LIFE_MS));
    await program.crash();
  }

  const live = (): Promise<void> =>
    eventually(
      "every application to be at its last commit",
      async () => {
        for (const { name, commits } of web())
          if (JSON.parse((await get(urlOf(name))).body).number !== commits.length - 1) return false;
        const { items } = await client.list(Workload, { namespace: NAMESPACE });
        return items.every((one) => one.metadata.name === "tested" || isTrue(one));
      },
      120_000,
    ).then(() => undefined);

  test("nothing is repeated and nothing is mispaired", async () => {
    const witness = new Witness(client, urlOf);
    const random = new Random(SEED);
    let dying = true;
    const developer = (async () => {
      while (dying) {
        await random.pick(apps).push();
        await sleep(random.below(LONGEST_PAUSE_MS));
      }
    })();
    const watching = witness.watch(web(), () => !dying);
    for (let kill = 0; kill < KILLS; kill++) await liveAndDie(random);
    dying = false;
    program = await startProgram(sandbox);
    await Promise.all([developer, watching]);
    await Promise.all(apps.map((app) => app.push()));
    await live();
    await eventually("the last test to have run", async () =>
      (await runs()).includes(`main@sha1:${tested().commits.at(-1)}`),
    );
    await Promise.all(web().map((app) => witness.ask(app)));
    await witness.look();
    console.log(`${apps.map(({ commits }) => commits.length).join(" + ")} commits: ${witness.summary()}`);
    assert.deepEqual(witness.problems(apps), []);
    assert.deepEqual(duplicates(await runs()), [], "jobs that ran more than once");
  });

  const tested = (): App => apps.find(({ name }) => name === "tested") as App;
  const runs = async (): Promise<string[]> => (await readFile(join(work, "record", "runs"), "utf8")).trim().split("\n");

  test("nothing that was pushed is lost", async () => {
    for (const { name, commits } of apps) {
      const log = await must("git", ["-C", join(sandbox.data, "git", `${name}.git`), "log", "--format=%H", "main"]);
      assert.deepEqual(
        commits.filter((commit) => !log.includes(commit)),
        [],
        `commits of ${name}`,
      );
    }
  });

  test("each delivery says what it is made of, and each commit is delivered once, in order", async () => {
    for (const app of web()) {
      const deliveries = app.name === "by-git" ? await committed(sandbox, app) : await bundled(client, app);
      for (const { said, is } of deliveries) if (is) assert.deepEqual(is, said);
      const numbers = deliveries.map(({ said }) => app.numberOf(said.source));
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((left, right) => left - right),
        `commits delivered of ${app.name}`,
      );
      assert.equal(numbers.at(-1), app.commits.length - 1);
    }
  });

  test("trace and why tell the truth", async () => {
    for (const { name, commits } of web()) {
      assert.match((await slipway(sandbox, "why", `workload/${name}`)).stdout, /is ready|healthy|nothing/i);
      const { stdout } = await slipway(sandbox, "trace", commits.at(-1) ?? "", "-o", "json");
      const traces = JSON.parse(stdout) as { commit: string; steps: { step: string }[] }[];
      assert.deepEqual(
        traces.map(({ commit, steps }) => [commit, steps[0]?.step, steps.at(-1)?.step]),
        [[commits.at(-1), "commit", "live"]],
      );
    }
  });

  test("nothing is left behind", async () => {
    for (const { name } of apps) await client.delete(Workload, { name, namespace: NAMESPACE });
    await eventually("everything that was made to be gone", async () => {
      const there = await Promise.all(MADE.map((kind) => client.list(kind, { namespace: NAMESPACE })));
      const names = there.flatMap(({ items }) => items.map((item) => (item as Unstructured).metadata.name));
      const left = names.filter((name) => name !== "kube-root-ca.crt");
      if (left.length > 0) throw new Error(`still there: ${left.join(", ")}`);
      return true;
    });
    const below = async (folder: string): Promise<string[]> =>
      await readdir(join(sandbox.data, folder), { recursive: true });
    const locks = (await below("git")).filter((file) => /\.lock$|\/tmp_/.test(file));
    const files = [...(await below("work")), ...(await below("blobs/uploads")), ...locks];
    assert.deepEqual(files, []);
  });
});
