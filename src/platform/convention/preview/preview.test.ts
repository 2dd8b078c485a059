import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import { diffLines } from "#kit/line-diff.ts";
import { planPreview, previewConventions } from "./preview.ts";

const convention = (name: string, spec: ClusterPodConvention["spec"] = {}): ClusterPodConvention => ({
  apiVersion: "conventions.carto.run/v1alpha1",
  kind: "ClusterPodConvention",
  metadata: { name },
  spec,
});
const intent = (name: string, labels: Record<string, string>, status?: PodIntent["status"]): PodIntent => ({
  apiVersion: "conventions.carto.run/v1alpha1",
  kind: "PodIntent",
  metadata: { name, namespace: "ns", labels: { "carto.run/workload-name": `${name}-workload` } },
  spec: { template: { metadata: { labels } as never, spec: { containers: [{ name: "w", image: "i" }] } } },
  ...(status && { status }),
});
const only = (value: string) => ({ selectors: [{ matchLabels: { app: value } }] });

test("an edited convention takes the place of the old one; who had it or gets it is selected", () => {
  const input = {
    conventions: [convention("a"), convention("edited", only("old"))],
    edited: [convention("edited", { ...only("new"), priority: "Early" }), convention("added", only("new"))],
    intents: [intent("old", { app: "old" }), intent("new", { app: "new" }), intent("other", { app: "other" })],
  };
  const plans = planPreview(input).map(({ plan, isSelected }) => [
    plan.map(({ metadata }) => metadata.name),
    isSelected,
  ]);
  assert.deepEqual(plans, [
    [["a"], true],
    [["edited", "a", "added"], true],
    [["a"], false],
  ]);
});

test("each selected intent is compared with what it has now", async () => {
  const before = { spec: { containers: [{ name: "w", image: "i@1" }] } };
  const input = {
    conventions: [],
    edited: [convention("a", only("x"))],
    intents: [
      intent("changes", { app: "x" }, { template: before }),
      intent("stays", { app: "x" }, { template: before }),
      intent("fails", { app: "x" }),
      intent("else", { app: "y" }),
    ],
  };
  const after = { spec: { containers: [{ name: "w", image: "i@1", ports: [{ containerPort: 8080 }] }] } };
  const preview = await previewConventions(input, async ({ metadata: { name } }) => {
    if (name === "fails") throw new Error("no image");
    return name === "changes" ? after : before;
  });
  const subject = (name: string) => ({ namespace: "ns", name, workload: `${name}-workload` });
  assert.deepEqual(preview.changed, [
    {
      ...subject("changes"),
      before,
      after,
      diff: ["…", "      - name: w", "        image: i@1", "+       ports:", "+         - containerPort: 8080"],
    },
  ]);
  assert.deepEqual(preview.unchanged, [subject("stays")]);
  assert.deepEqual(preview.failed, [{ ...subject("fails"), message: "no image" }]);
  assert.deepEqual(preview.notSelected, [subject("else")]);
});

describe("diff of lines", () => {
  const rows: [before: string, after: string, expected: string][] = [
    ["abc", "abc", ""],
    ["", "ab", "+a+b"],
    ["ab", "", "-a-b"],
    ["abcdefg", "abcXefg", "… b c-d+X e f"],
    ["abcdefghij", "Xbcdefghi", "-a+X b c… h i-j"],
    ["aabb", "abab", " a-a b+a b"],
  ];
  for (const [before, after, expected] of rows)
    test(`${before} to ${after}`, () => {
      const lines = diffLines([...before], [...after]).map((line) => line.replace(/^([ +-]) /, "$1"));
      assert.equal(lines.join(""), expected);
    });
});
