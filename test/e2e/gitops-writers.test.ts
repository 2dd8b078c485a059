/** Forty workloads that write to one repository at once: no commit is lost, here and at a host where others push too. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Secret } from "#api/builtin/index.ts";
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { Workload } from "#api/carto.run/workload.ts";
import { ClusterStack } from "#api/kpack.io/index.ts";
import { ConfigCommit } from "#api/slipway.dev/config-commit.ts";
import { isTrue } from "#kit/conditions.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { httpTransport } from "#ports/kube/http.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { must, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";
import { Competitor, type OutsideHost, startOutsideHost } from "./gitops/outside-host.ts";

const WRITERS = 40;
const COMPETING_PUSHES = 20;
const LABELS = { writers: "many" };
const place = { namespace: "default" };

describe("many writers", has("git") ? {} : { skip: "git is not installed" }, () => {
  let sandbox: Sandbox;
  let program: Program;
  let client: KubeClient;
  let work: string;
  let outside: OutsideHost;

  before(async () => {
    sandbox = await reserve();
    work = await mkdtemp(join(tmpdir(), "slipway-writers-"));
    outside = await startOutsideHost(join(work, "outside"));
    program = await startProgram(sandbox);
    client = new KubeClient(httpTransport(parseKubeconfig((await slipway(sandbox, "kubeconfig")).stdout)));
    await eventually("the run image to be made", async () => {
      const stack = await client.get(ClusterStack, "default");
      return stack && isTrue(stack);
    });
    await applyWriterChain();
    await client.create(Secret, { metadata: { name: "outside", ...place }, stringData: { ...outside.credentials } });
  });
  after(async () => {
    await program?.stop();
    await client?.transport.close();
    await outside?.close();
    await sandbox?.remove();
    await rm(work, { recursive: true, force: true });
  });

  /** The chain for finished images, without its last step: what is written is not deployed. */
  async function applyWriterChain(): Promise<void> {
    const found = await client.get(ClusterSupplyChain, "basic-image-to-url");
    assert.ok(found);
    const resources = found.spec.resources.filter(({ name }) => name !== "deliverable");
    const spec = { ...found.spec, selector: LABELS, resources };
    await client.apply(ClusterSupplyChain, { metadata: { name: "writers" }, spec } as Draft<ClusterSupplyChain>);
  }

  /** Applies all workloads at once; the value ends in their pods, and so in their configuration. */
  async function applyAll(group: string, value: string, params: Record<string, string> = {}): Promise<void> {
    const image = `127.0.0.1:${sandbox.portBase}/slipway/run:latest`;
    const type = { "apps.tanzu.vmware.com/workload-type": "web" };
    const spec = {
      image,
      env: [{ name: "VALUE", value }],
      params: Object.entries(params).map(([name, value]) => ({ name, value })),
    };
    const names = Array.from({ length: WRITERS }, (_, index) => `${group}-${index}`);
    await Promise.all(
      names.map((name) =>
        client.apply(Workload, { metadata: { name, ...place, labels: { ...LABELS, ...type } }, spec }),
      ),
    );
  }

  /** The commits of the group's workloads, once all of them have made this many. */
  const written = (group: string, times: number): Promise<string[]> =>
    eventually(
      `all of ${group} to be written`,
      async () => {
        const { items } = await client.list(ConfigCommit, place);
        const histories = items
          .filter(({ metadata }) => metadata.name.startsWith(`${group}-`))
          .map(({ status }) => status?.history ?? []);
        if (histories.length < WRITERS || histories.some(({ length }) => length < times)) return undefined;
        return histories.flat().map(({ commit }) => commit);
      },
      300_000,
    );

  /** That the branch has these commits and nothing that nobody knows of, and the last value of every workload. */
  async function check(
    repository: string,
    group: string,
    commits: readonly string[],
    values: readonly string[],
  ): Promise<void> {
    const git = (...args: string[]): Promise<string> => must("git", ["-C", repository, ...args]);
    const log = new Set((await git("log", "--format=%H", "main")).trim().split("\n"));
    assert.deepEqual(
      commits.filter((commit) => !log.has(commit)),
      [],
      "lost commits",
    );
    const subjects = (await git("log", "--format=%s", "main")).split("\n");
    assert.equal(
      subjects.filter((subject) => subject.startsWith(`Deliver default/${group}-`)).length,
      WRITERS * values.length,
    );
    for (let index = 0; index < WRITERS; index++) {
      const file = await git("show", `main:config/default/${group}-${index}/delivery.yml`);
      assert.match(file, new RegExp(`name: VALUE\\s+value: ${values.at(-1)}`));
    }
  }

  test("of the platform's own repository lose nothing", async () => {
    await applyAll("own", "first");
    await written("own", 1);
    await applyAll("own", "second");
    await check(join(sandbox.data, "git", "gitops.git"), "own", await written("own", 2), ["first", "second"]);
  });

  test("of a repository elsewhere lose nothing, although somebody else pushes to the branch", async () => {
    const competitor = new Competitor(join(work, "competitor"));
    await competitor.begin(outside, "config");
    const competition = competitor.compete(COMPETING_PUSHES);
    const params = {
      gitops_server_address: outside.url,
      gitops_repository_owner: "git",
      gitops_repository_name: "config",
      gitops_ssh_secret: "outside",
    };
    await applyAll("outside", "first", params);
    const commits = await written("outside", 1);
    await competition;
    assert.ok(competitor.pushed.length > 0);
    await check(outside.path("config"), "outside", [...commits, ...competitor.pushed], ["first"]);
  });
});
