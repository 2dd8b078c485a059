import assert from "node:assert/strict";
import { test } from "node:test";
import type { Build, ClusterBuilder, Image } from "#api/kpack.io/index.ts";
import { type BuildReason, buildReasons, expiredBuilds, planBuild } from "./plan.ts";

const SOURCE = "slipway.dev/source-revision";
const buildpacks = [{ id: "slipway/nodejs", version: "1.0.0" }];
const builder = {
  metadata: { name: "default" },
  status: { builderMetadata: buildpacks, stack: { id: "s", runImage: "run@1" } },
} as unknown as ClusterBuilder;

function image(spec: object = {}, revision = "main@sha1:a"): Image {
  return {
    metadata: { name: "app", namespace: "ns", generation: 3, annotations: { [SOURCE]: revision } },
    spec: { tag: "r/app", source: { blob: { url: "u/a" } }, ...spec },
  } as unknown as Image;
}

function build(
  number: number,
  result: "True" | "False" | undefined,
  more: object = {},
  revision = "main@sha1:a",
): Build {
  return {
    metadata: {
      name: `app-build-${number}`,
      labels: { "image.kpack.io/buildNumber": String(number) },
      annotations: { [SOURCE]: revision },
    },
    spec: { tags: ["r/app"], source: { blob: { url: "u/a" } }, ...more },
    status: {
      ...(result && { conditions: [{ type: "Succeeded", status: result }] }),
      ...(result === "True" && {
        latestImage: `r/app@${number}`,
        stack: { runImage: "run@1" },
        buildMetadata: buildpacks,
      }),
    },
  } as unknown as Build;
}

const ROWS: { name: string; image: Image; builds: Build[]; builder?: ClusterBuilder; expect: BuildReason[] }[] = [
  { name: "the first build", image: image(), builds: [], expect: ["CONFIG"] },
  { name: "nothing changed", image: image(), builds: [build(1, "True")], expect: [] },
  { name: "a failed build is not tried again", image: image(), builds: [build(1, "False")], expect: [] },
  {
    name: "another commit",
    image: image({ source: { blob: { url: "u/b" } } }, "main@sha1:b"),
    builds: [build(1, "True")],
    expect: ["COMMIT"],
  },
  {
    name: "another environment",
    image: image({ build: { env: [{ name: "A", value: "1" }] } }),
    builds: [build(1, "True")],
    expect: ["CONFIG"],
  },
  {
    name: "another sub path",
    image: image({ source: { blob: { url: "u/a" }, subPath: "x" } }),
    builds: [build(1, "True")],
    expect: ["CONFIG"],
  },
  {
    name: "another run image",
    image: image(),
    builds: [build(1, "True")],
    builder: { ...builder, status: { ...builder.status, stack: { runImage: "run@2" } } } as ClusterBuilder,
    expect: ["STACK"],
  },
  {
    name: "another buildpack version",
    image: image(),
    builds: [build(1, "True")],
    builder: {
      ...builder,
      status: { ...builder.status, builderMetadata: [{ id: "slipway/nodejs", version: "2" }] },
    } as ClusterBuilder,
    expect: ["BUILDPACK"],
  },
];

for (const row of ROWS)
  test(`build: ${row.name}`, () =>
    assert.deepEqual(buildReasons(row.image, row.builder ?? builder, row.builds), row.expect));

test("the next build is numbered after the highest there is and carries its source", () => {
  const draft = planBuild(image(), [build(1, "True"), build(7, "False")], ["COMMIT"], "2026-01-02T03:04:05.678Z");
  assert.equal(draft.metadata.name, "app-build-8");
  assert.equal(draft.metadata.annotations?.[SOURCE], "main@sha1:a");
  assert.equal(draft.metadata.annotations?.["image.kpack.io/reason"], "COMMIT");
  assert.deepEqual(draft.spec.tags, ["r/app", "r/app:b8.20260102.030405"]);
  assert.equal(draft.spec.lastBuild?.image, "r/app@1");
});

test("history limits keep the newest of each result", () => {
  const builds = [build(1, "True"), build(2, "False"), build(3, "True"), build(4, "False"), build(5, "True")];
  const limited = image({ successBuildHistoryLimit: 1, failedBuildHistoryLimit: 1 });
  assert.deepEqual(
    expiredBuilds(limited, builds).map(({ metadata }) => metadata.name),
    ["app-build-1", "app-build-3", "app-build-2"],
  );
});
