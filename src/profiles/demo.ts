/** The demo: the example's source in a repository of its own, and a Workload that takes it to a URL. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Workload } from "#api/carto.run/workload.ts";
import { Service } from "#api/serving.knative.dev/index.ts";
import { type Condition, findCondition } from "#kit/conditions.ts";
import type { Platform } from "./platform.ts";

export type DemoOptions = {
  /** Folder of the example. */
  example: string;
  step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
};

const NAME = "hello-web";
const NAMESPACE = "default";
const STEPS = [
  ["source-provider", "source pinned"],
  ["image-provider", "image built"],
  ["config-provider", "conventions applied"],
  ["config-writer", "configuration written"],
  ["deliverable", "deployed and healthy"],
] as const;

/** Deploys the demo, or waits for the one that is there; returns its URL once it answers. */
export async function deployDemo(platform: Platform, options: DemoOptions): Promise<string> {
  const { client, git } = platform;
  await options.step("source in Git", async () => {
    if (await git.has(NAME)) return;
    await git.create(NAME, { anonymousPush: true });
    await git.seed(NAME, await readExample(options.example));
  });
  const existing = await client.get(Workload, NAME, NAMESPACE);
  if (!existing) await client.create(Workload, workload(`${platform.endpoints.git}/${NAME}.git`));
  const progress = followWorkload(platform);
  for (const [resource, title] of STEPS) await options.step(title, () => progress.reached(resource));
  progress.stop();
  const url = (await client.get(Service, NAME, NAMESPACE))?.status?.url ?? "";
  await options.step("first answer", () => firstAnswer(url));
  return url;
}

function workload(url: string) {
  return {
    metadata: { name: NAME, namespace: NAMESPACE, labels: { "apps.tanzu.vmware.com/workload-type": "web" } },
    spec: { source: { git: { url, ref: { branch: "main" } } } },
  };
}

async function readExample(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"));
  const read = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(folder.length + 1), await readFile(path)] as const;
  });
  return new Map(await Promise.all(read));
}

/** How long a step may say that it failed: what an interrupted start left behind mends itself. */
const PATIENCE_MS = 15_000;

/** Tells when each step of the workload's supply chain is ready, and fails when one cannot become so. */
function followWorkload({ cache }: Platform) {
  const informer = cache.informer(Workload);
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const conditionOfStep = (name: string): Condition | undefined =>
    conditionOf(informer.get(NAME, NAMESPACE)?.status?.resources?.find((entry) => entry.name === name));
  const stillFailed = (name: string): boolean => conditionOfStep(name)?.status === "False";
  const failureOf = (name: string): Error => new Error(`${name}: ${conditionOfStep(name)?.message ?? "failed"}`);
  const check = (): void => {
    const resources = informer.get(NAME, NAMESPACE)?.status?.resources ?? [];
    for (const [name, { resolve, reject }] of waiting) {
      const ready = conditionOf(resources.find((entry) => entry.name === name));
      if (ready?.status === "True") resolve();
      else if (ready?.status === "False")
        setTimeout(() => stillFailed(name) && reject(failureOf(name)), PATIENCE_MS).unref();
    }
  };
  const stop = informer.subscribe(check);
  return {
    reached: (name: string): Promise<void> => {
      const step = Promise.withResolvers<void>();
      waiting.set(name, step);
      check();
      return step.promise.finally(() => waiting.delete(name));
    },
    stop,
  };
}

function conditionOf(entry: { conditions?: readonly Condition[] } | undefined): Condition | undefined {
  return entry?.conditions && findCondition({ status: { conditions: entry.conditions } }, "Ready");
}

const ANSWER_TIMEOUT_MS = 60_000;

/** Asks the gateway by address, with the host of the URL, as `*.localhost` need not resolve on every machine. */
async function firstAnswer(url: string): Promise<void> {
  const { request } = await import("node:http");
  const { hostname, port, host } = new URL(url);
  if (!hostname) throw new Error("the Knative Service has no URL");
  const status = await new Promise<number>((resolve, reject) => {
    const get = request({ host: "127.0.0.1", port, headers: { host }, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    get.on("error", reject);
    get.on("timeout", () => get.destroy(new Error(`${url} did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`)));
    get.end();
  });
  if (status !== 200) throw new Error(`${url} answered ${status}`);
}
