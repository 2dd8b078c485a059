/**
 * The example supply chains of Cartographer, a folder that SLIPWAY_SAMPLES names: each example is rendered with its
 * values as ytt renders it, and what its templates stamp is looked at.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { renderYtt } from "#kit/ytt/index.ts";
import { resolveParams } from "#platform/supply/params.ts";
import { type Inputs, stamp } from "#platform/supply/stamp.ts";
import { templateTextRenderer } from "#platform/supply/ytt.ts";

const root = join(process.env.SLIPWAY_SAMPLES ?? "", "cartographer");
const skip = existsSync(join(root, "shared")) ? false : "SLIPWAY_SAMPLES does not name the folder of the samples";
const oracle = !spawnSync("ytt", ["version"]).error;

type Sample = { readonly folder: string; readonly stamps: Readonly<Record<string, string>> };

/** What each template of an example stamps, as `Kind/name`. */
const SHARED = { source: "GitRepository/dev", image: "Image/dev", "app-deploy": "App/dev" };
const SAMPLES: readonly Sample[] = [
  { folder: "basic-sc", stamps: SHARED },
  {
    folder: "gitwriter-sc",
    stamps: { ...SHARED, "app-config": "ConfigMap/dev", "git-writer": "Runnable/dev-git-writer" },
  },
  { folder: "testing-sc", stamps: { ...SHARED, test: "Runnable/dev" } },
];

const INPUTS: Inputs = {
  sources: new Map([["source", { kind: "source", url: "http://git.example/a.tar.gz", revision: "main/1" }]]),
  images: new Map([["image", { kind: "image", image: "registry.example/dev@sha256:1" }]]),
  configs: new Map([["data", { kind: "config", config: "e30=" }]]),
};

for (const { folder, stamps } of SAMPLES)
  test(`sample ${folder}`, { skip }, () => {
    const folders = [join(root, folder), join(root, "shared")];
    const { documents, text } = renderYtt(folders.flatMap(filesOf), { ignoreUnknownComments: true });
    if (oracle) assert.equal(text, renderedByYtt(folders));
    const objects = documents as Unstructured[];
    const owner = objects.find(({ kind }) => kind === "Workload");
    assert.ok(owner);
    const templates = objects.filter(({ kind }) => /^Cluster(Source|Image|Config)?Template$/.test(kind)) as Template[];
    const stamped = templates.map((template) => [template.metadata.name, stampedBy(template, owner)] as const);
    const named = stamped.map(([name, { kind, metadata }]) => [name, `${kind}/${metadata.name}`]);
    assert.deepEqual(Object.fromEntries(named), stamps);
  });

test("the sample of a Git writer packs a manifest with ytt", { skip }, () => {
  const folders = [join(root, "gitwriter-sc"), join(root, "shared")];
  const objects = renderYtt(folders.flatMap(filesOf), { ignoreUnknownComments: true }).documents as Unstructured[];
  const owner = objects.find(({ kind }) => kind === "Workload") as Unstructured;
  const template = objects.find(({ metadata }) => metadata.name === "app-config") as unknown as Template;
  const { data } = stampedBy(template, owner) as unknown as { data: { manifest: string } };
  const files = JSON.parse(Buffer.from(data.manifest, "base64").toString()) as Record<string, string>;
  const [service] = renderYtt([{ path: "m.yml", text: files["manifest.yaml"] ?? "" }]).documents as Unstructured[];
  assert.equal(service?.kind, "Service");
  assert.equal(service?.metadata.name, owner.metadata.name);
});

function stampedBy(template: Template, owner: Unstructured): Unstructured {
  const given = owner.spec as { params?: { name: string; value: never }[] };
  const sources = { template: template.spec.params, blueprint: undefined, step: undefined, owner: given.params };
  const declared = { image_prefix: "registry.example/", ...resolveParams(sources) };
  const request = { template, owner, params: declared, inputs: INPUTS, labels: { "carto.run/workload-name": "dev" } };
  return stamp({ ...request, owner: { ...owner, metadata: { namespace: "default", ...owner.metadata } } }, render);
}

const render = templateTextRenderer();

function filesOf(folder: string): { path: string; text: string }[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => /\.ya?ml$/.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(folder, path), "utf8") }));
}

function renderedByYtt(folders: readonly string[]): string {
  const args = ["--ignore-unknown-comments", ...folders.flatMap((folder) => ["-f", folder])];
  return spawnSync("ytt", args, { encoding: "utf8" }).stdout;
}
