/**
 * The examples of Cartographer and its Convention Service, a folder that SLIPWAY_SAMPLES names, on a cluster: what is of
 * kinds that there are here is applied as it is, and goes as far as the kinds that there are not.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Unstructured } from "#api/meta.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { runControllers } from "#engine/controller/run.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { hasReason } from "#kit/status.ts";
import { parseYaml } from "#kit/yaml.ts";
import { renderYtt } from "#kit/ytt/index.ts";
import { supplyControllers } from "#platform/supply/index.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { startCluster } from "../compat/cluster.ts";
import { eventually } from "../harness/wait.ts";

const root = join(process.env.SLIPWAY_SAMPLES ?? "", "cartographer");
const skip = existsSync(join(root, "shared")) ? false : "SLIPWAY_SAMPLES does not name the folder of the samples";
const namespace = "default";

type Sample = {
  folders: readonly string[];
  owner: [kind: string, name: string];
  /** What the first steps stamp, as `plural.group/name`. */
  stamps: readonly string[];
  /** Kinds that there are not here. */
  elsewhere: readonly string[];
};

const SAMPLES: readonly Sample[] = [
  {
    folders: ["basic-sc", "shared"],
    owner: ["Workload", "dev"],
    stamps: ["gitrepositories.source.toolkit.fluxcd.io/dev"],
    elsewhere: [],
  },
  {
    folders: ["testing-sc", "shared"],
    owner: ["Workload", "dev"],
    stamps: ["gitrepositories.source.toolkit.fluxcd.io/dev"],
    elsewhere: ["Task"],
  },
  {
    folders: ["gitwriter-sc", "shared"],
    owner: ["Workload", "dev"],
    stamps: ["gitrepositories.source.toolkit.fluxcd.io/dev"],
    elsewhere: ["ClusterTask"],
  },
  {
    folders: ["basic-delivery"],
    owner: ["Deliverable", "gitops"],
    stamps: ["gitrepositories.source.toolkit.fluxcd.io/gitops"],
    elsewhere: [],
  },
];

function render(folders: readonly string[]): Unstructured[] {
  const files = folders.flatMap((folder) =>
    (readdirSync(join(root, folder), { recursive: true }) as string[])
      .filter((path) => /\.ya?ml$/.test(path))
      .sort()
      .map((path) => ({ path, text: withScheme(readFileSync(join(root, folder, path), "utf8")) })),
  );
  return renderYtt(files, { ignoreUnknownComments: true }).documents as Unstructured[];
}

/** A value that whoever tries the sample has to fill in. */
function withScheme(text: string): string {
  return text.replace("repository: github.com/", "repository: https://github.com/");
}

describe("samples of supply chains", { skip }, () => {
  for (const { folders, owner, stamps, elsewhere } of skip ? [] : SAMPLES)
    test(folders.join(" and "), async () => {
      await using cluster = await startCluster();
      const client = new KubeClient(cluster.inProcess);
      await applyDefinitions(client);
      const cache = new ObjectCache(client);
      const running = runControllers(cache, supplyControllers());
      await using _running = {
        [Symbol.asyncDispose]: async () => {
          await running.close();
          cache.close();
        },
      };
      const objects = render(folders);
      const missing: string[] = [];
      for (const object of objects) {
        const resource = await client.resourceFor(object.apiVersion, object.kind).catch((error: unknown) => {
          if (!hasReason(error, "NotFound")) throw error;
          missing.push(object.kind);
        });
        if (!resource) continue;
        const place = resource.scope === "Namespaced" ? { namespace } : {};
        await client.apply(resource, { ...object, metadata: { ...place, ...object.metadata } } as Draft<Unstructured>);
      }
      assert.deepEqual(missing, elsewhere);
      const [kind, name] = owner;
      const { serviceAccountName: account } = (objects.find((object) => object.kind === kind)?.spec ?? {}) as {
        serviceAccountName?: string;
      };
      const accounts = await client.resourceFor("v1", "ServiceAccount");
      await client.apply(accounts, { metadata: { name: account, namespace } } as Draft<Unstructured>);
      type Status = { resources?: { stampedRef?: { resource: string; name: string }; conditions?: Condition[] }[] };
      const resource = await client.resourceFor("carto.run/v1alpha1", kind);
      const found = await eventually(`${kind} ${name} to be under way`, async () => {
        const object = await client.get(resource, name, namespace);
        const { resources = [] } = (object?.status ?? {}) as Status;
        return resources.some(({ stampedRef }) => stampedRef) ? object : undefined;
      });
      const { resources = [] } = found.status as Status;
      const stamped = resources.flatMap(({ stampedRef: ref }) => (ref ? [`${ref.resource}/${ref.name}`] : []));
      assert.deepEqual(stamped.slice(0, stamps.length), stamps);
      assert.equal(findCondition(found as Conditioned, "ResourcesSubmitted")?.reason, "MissingValueAtPath");
    });
});

test("samples of conventions are accepted as they are", { skip }, async () => {
  await using cluster = await startCluster({ controllers: false });
  const client = new KubeClient(cluster.inProcess);
  await applyDefinitions(client);
  const accepted: string[] = [];
  const folder = join(root, "..", "conventions");
  for (const path of (readdirSync(folder, { recursive: true }) as string[]).sort())
    for (const object of path.endsWith(".yaml") ? parseYaml(readFileSync(join(folder, path), "utf8"), path) : []) {
      const { apiVersion, kind, metadata } = (object ?? {}) as Unstructured;
      if (!apiVersion?.startsWith("conventions.carto.run/")) continue;
      const resource = await client.resourceFor(apiVersion, kind);
      const place = resource.scope === "Namespaced" ? { namespace } : {};
      const draft = { ...(object as Unstructured), metadata: { ...place, ...metadata } } as Draft<Unstructured>;
      await client.apply(resource, draft, { dryRun: true });
      accepted.push(kind);
    }
  assert.deepEqual(new Set(accepted), new Set(["ClusterPodConvention", "PodIntent"]));
});
