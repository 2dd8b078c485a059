import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PodIntent } from "#api/conventions.carto.run/index.ts";
import type { ImageConfig, ImageSource, LayerReader } from "#ports/oci/image.ts";
import type { Reader } from "../convention.ts";
import { bomLayer, componentsOf } from "./bom.ts";
import { intentCredentials } from "./pull-credentials.ts";
import { imageResolver } from "./resolver.ts";

const configWith = (Labels: Record<string, string>): ImageConfig => ({
  architecture: "amd64",
  os: "linux",
  config: { Labels },
  rootfs: { type: "layers", diff_ids: [] },
});
const lifecycle = (value: object): Record<string, string> => ({
  "io.buildpacks.lifecycle.metadata": JSON.stringify(value),
});

describe("the layer of the bills of materials", () => {
  for (const [title, labels, expected] of [
    ["no labels", {}, undefined],
    ["the shortcut", { "io.buildpacks.app.sbom": "sha256:a", ...lifecycle({ sbom: { sha: "sha256:b" } }) }, "sha256:a"],
    ["the lifecycle's sbom", lifecycle({ sbom: { sha: "sha256:b" }, bom: { sha: "sha256:c" } }), "sha256:b"],
    ["the lifecycle's bom", lifecycle({ sbom: {}, bom: { sha: "sha256:c" } }), "sha256:c"],
    ["neither", lifecycle({}), undefined],
  ] as const)
    test(title, () => assert.equal(bomLayer(configWith(labels)), expected));

  test("a label that is not JSON", () => {
    assert.throws(
      () => bomLayer(configWith({ "io.buildpacks.lifecycle.metadata": "{" })),
      /lifecycle\.metadata is not JSON/,
    );
  });
});

test("components come from CycloneDX documents, other bills are skipped", () => {
  const raw = (value: unknown): Buffer => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  const boms = [
    { name: "a", raw: raw({ components: [{ name: "x", version: "1" }, { name: "y" }] }) },
    { name: "b", raw: raw({ packages: [] }) },
    { name: "c", raw: raw("not JSON") },
    { name: "d", raw: raw("null") },
  ];
  assert.deepEqual(componentsOf(boms), [
    { name: "x", version: "1" },
    { name: "y", version: "" },
  ]);
});

describe("images are described", () => {
  const files = [{ path: "layers/sbom/a.json", content: Buffer.from("{}") }];
  const calls: string[] = [];
  const source: ImageSource & LayerReader = {
    describe: async () => ({
      reference: "docker.io/team/app@sha256:1",
      digest: "sha256:1",
      config: configWith({ "io.buildpacks.app.sbom": "sha256:a" }),
    }),
    unpack: () => Promise.reject(new Error("not asked for")),
    readLayer: async (reference, diffId) => {
      calls.push(`${reference} ${diffId}`);
      return files;
    },
    withCredentials: () => ({ ...source, describe: () => Promise.reject(new Error("with credentials")) }),
  };
  const { signal } = new AbortController();

  for (const [asked, expected] of [
    ["team/app:v1", "docker.io/team/app:v1@sha256:1"],
    ["team/app", "docker.io/team/app:latest@sha256:1"],
    [`team/app@sha256:${"1".repeat(64)}`, "docker.io/team/app@sha256:1"],
  ] as const)
    test(`${asked} as ${expected}`, async () => {
      assert.equal((await imageResolver(source).describe(asked, { signal })).image, expected);
    });

  test("with bills of materials from their layer, the same ones each time", async () => {
    const resolver = imageResolver(source);
    const { boms } = await resolver.describe("team/app", { signal });
    assert.equal(calls.at(-1), "docker.io/team/app@sha256:1 sha256:a");
    assert.deepEqual(boms, [{ name: "cnb-app:layers/sbom/a.json", raw: files[0]?.content }]);
    assert.equal((await resolver.describe("team/app", { signal })).boms, boms);
  });

  test("with the credentials that are given", async () => {
    const credentials = async () => "Basic x";
    await assert.rejects(imageResolver(source).describe("team/app", { signal, credentials }), /with credentials/);
  });
});

describe("pull secrets", () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;
  const secrets: Record<string, object> = {
    modern: {
      metadata: { name: "modern", namespace: "ns" },
      data: {
        ".dockerconfigjson": encode({
          auths: {
            "r.example:5000": { username: "u", password: "p" },
            "https://index.docker.io/v1/": { auth: "aHVi" },
            "empty.example": {},
          },
        }),
      },
    },
    old: {
      metadata: { name: "old" },
      data: { ".dockercfg": encode({ "old.example": { auth: "b2xk" }, "r.example:5000": { auth: "no" } }) },
    },
    wrong: {
      metadata: { name: "wrong", namespace: "ns" },
      data: { ".dockercfg": Buffer.from("{").toString("base64") },
    },
  };
  const reader = (names: string[]): Reader => ({
    get: async ({ kind }, name) =>
      (kind === "ServiceAccount"
        ? { imagePullSecrets: names.map((each) => ({ name: each })) }
        : secrets[name]) as never,
    list: async () => [],
  });
  const intent = (names: string[] = []): PodIntent =>
    ({
      metadata: { name: "i", namespace: "ns" },
      spec: { imagePullSecrets: names.map((name) => ({ name })) },
    }) as never;

  test("of the service account and of the intent, by host, first come first", async () => {
    const credentials = await intentCredentials(intent(["old", "absent"]), reader(["modern"]));
    assert.ok(credentials);
    const found = await Promise.all(
      ["r.example:5000", "docker.io", "index.docker.io", "old.example", "empty.example", "other"].map((host) =>
        credentials(host, "app"),
      ),
    );
    assert.deepEqual(found, [basic("u:p"), "Basic aHVi", "Basic aHVi", "Basic b2xk", undefined, undefined]);
  });

  test("none at all", async () => assert.equal(await intentCredentials(intent(), reader([])), undefined));

  test("that cannot be read are named", async () => {
    await assert.rejects(intentCredentials(intent(["wrong"]), reader([])), {
      reason: "ImageResolutionFailed",
      message: 'failed to authenticate: secret "ns/wrong" is not a Docker configuration',
    });
  });
});
