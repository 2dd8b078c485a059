/** pod-intent: CPU of taking one PodIntent through five conventions of this program, alone and with all writes around it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterPodConvention, IN_PROCESS_ANNOTATION, PodIntent } from "#api/conventions.carto.run/index.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { runControllers } from "#engine/controller/run.ts";
import { isTrue } from "#kit/conditions.ts";
import type { ImageDescription } from "#platform/convention/convention.ts";
import { evaluateIntent, type Surroundings } from "#platform/convention/evaluate.ts";
import { STOCK_CONVENTIONS } from "#platform/convention/index.ts";
import { podIntentController } from "#platform/convention/pod-intent.ts";
import { imageWith } from "#platform/convention/testkit.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { eventually } from "../test/harness/wait.ts";
import type { Metrics } from "./main.ts";

const INTENTS = 500;
const ROUNDS = 4;
const NAMES = ["appliveview-sample", "developer-conventions", "nodejs", "provenance", "spring-boot-convention"];
const IMAGE = `registry.example.dev/app@sha256:${"a".repeat(64)}`;

export async function run(): Promise<Metrics> {
  const alone = await measureAlone();
  const folder = await mkdtemp(join(tmpdir(), "slipway-intents-"));
  const server = await startApiServer({ store: sqliteStore(join(folder, "store.db")), dataDir: folder, port: 0 });
  const client = new KubeClient(server.transport());
  const cache = new ObjectCache(client);
  try {
    await applyDefinitions(client);
    return { conventions: five().length, intents: INTENTS, ...alone, ...(await measureAll(client, cache)) };
  } finally {
    cache.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The evaluation: from the intent to the resulting pod template. */
async function measureAlone(): Promise<Metrics> {
  const { signal } = new AbortController();
  const reader = { get: async () => ({ metadata: { name: "default" } }) as never, list: async () => [] };
  const services: Surroundings["services"] = async (): Promise<never> => {
    throw new Error("no convention of this bench is a webhook");
  };
  const surroundings = {
    inProcess: STOCK_CONVENTIONS,
    images: { describe: async () => image() },
    reader,
    services,
    signal,
  };
  const plan = five() as unknown as ClusterPodConvention[];
  const evaluateAll = async (): Promise<void> => {
    for (let index = 0; index < INTENTS; index++)
      await evaluateIntent(intent(index) as unknown as PodIntent, plan, surroundings);
  };
  await evaluateAll();
  const cpu = await cpuOf(async () => {
    for (let round = 0; round < ROUNDS; round++) await evaluateAll();
  });
  return { evaluate_cpu_ms_per_intent: perIntent(cpu, INTENTS * ROUNDS) };
}

/** Everything: creation, evaluation, status, events, all of it durable. */
async function measureAll(client: KubeClient, cache: ObjectCache): Promise<Metrics> {
  for (const convention of five()) await client.create(ClusterPodConvention, convention);
  const controller = podIntentController({ inProcess: STOCK_CONVENTIONS, images: { describe: async () => image() } });
  const running = runControllers(cache, [controller as never]);
  const intents = cache.informer(PodIntent);
  const cpu = await cpuOf(async () => {
    for (let index = 0; index < INTENTS; index++) await client.create(PodIntent, intent(index));
    await eventually(
      "all intents to be ready",
      async () => intents.list().filter((one) => isTrue(one)).length === INTENTS,
    );
  });
  await running.close();
  return { reconcile_cpu_ms_per_intent: perIntent(cpu, INTENTS) };
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function perIntent(milliseconds: number, intents: number): number {
  return Math.round((milliseconds / intents) * 1000) / 1000;
}

function five(): Draft<ClusterPodConvention>[] {
  return STOCK_CONVENTIONS.filter(({ name }) => NAMES.includes(name)).map(({ name }) => ({
    metadata: { name, annotations: { [IN_PROCESS_ANNOTATION]: name } },
    spec: {},
  }));
}

function intent(index: number): Draft<PodIntent> {
  const container = { name: "workload", image: IMAGE, env: [{ name: "A", value: String(index) }] };
  return {
    metadata: { name: `intent-${index}`, namespace: "default" },
    spec: { template: { metadata: { labels: { app: "bench" } }, spec: { containers: [container] } } } as never,
  };
}

/** A Spring Boot application, of which the conventions have the most to say. */
function image(): ImageDescription {
  return imageWith(IMAGE, {
    buildpacks: ["paketo-buildpacks/spring-boot"],
    processes: [{ type: "web", command: ["java"], args: ["org.springframework.boot.loader.JarLauncher"] }],
    defaultProcess: "web",
    components: { "spring-boot": "3.2.0", "spring-boot-actuator": "3.2.0", "spring-web": "6.1.0" },
    labels: {
      "io.buildpacks.project.metadata": JSON.stringify({
        source: { version: { commit: "abc" }, metadata: { repository: "r", revision: "main@sha1:abc" } },
      }),
    },
  });
}
