/** Template tests in folders: inheritance, mocked and real chains, ytt, comparison, reports. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { findTestCases } from "./find.ts";
import { parseInfo } from "./info.ts";
import { renderJunit, renderResults, type Tested } from "./report.ts";
import { runTestCase } from "./run.ts";

const api = "apiVersion: carto.run/v1alpha1\n";
const FILES: Record<string, string> = {
  "workload.yaml": `${api}kind: Workload\nmetadata: {name: app, labels: {type: web}}\nspec: {params: [{name: p, value: mine}]}\n`,
  "template.yaml": `${api}kind: ClusterTemplate\nmetadata: {name: t}\nspec:\n  params: [{name: p, default: none}]\n  template: {apiVersion: v1, kind: ConfigMap, metadata: {name: $(workload.metadata.name)$}, data: {url: $(source.url)$, p: $(params.p)$}}\n`,
  "expected.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata: {url: http://a, p: locked}\n",
  "info.yaml":
    "given: {mockSupplyChain: {blueprintInputs: {sources: {source: {name: source, url: http://a, revision: r}}}, blueprintParams: [{name: p, value: locked}]}}\n",
  "mock/passes/info.yaml": "metadata: {name: it passes, description: with all it has from above}\n",
  "mock/fails/workload.yaml": `${api}kind: Workload\nmetadata: {name: other}\nspec: {}\n`,
  "mock/ignores/workload.yaml": `${api}kind: Workload\nmetadata: {name: other}\nspec: {}\n`,
  "mock/ignores/info.yaml": "compareOptions: {ignoreMetadataFields: [name]}\n",
  "mock/ytt/info.yaml": "given: {template: {path: t.yaml, yttPath: values.yaml}}\n",
  "mock/ytt/t.yaml": `#@ load("@ytt:data", "data")\n${api}kind: ClusterTemplate\nmetadata: {name: t}\nspec:\n  params: [{name: p, default: none}]\n  template: {apiVersion: v1, kind: ConfigMap, metadata: {name: #@ data.values.name\n  }, data: {url: $(source.url)$, p: $(params.p)$}}\n`,
  "mock/ytt/values.yaml": "name: app\n",
  "mock/values/template.yaml": `#@ load("@ytt:data", "data")\n${api}kind: ClusterTemplate\nmetadata: {name: t}\nspec:\n  template:\n    apiVersion: v1\n    kind: ConfigMap\n    metadata:\n      name: #@ data.values.name\n    data: {url: $(deployment.url)$, p: $(images.source.image)$}\n    status: {ignored: "yes"}\n`,
  "mock/values/template-ytt-values.yaml": "name: app\n",
  "mock/values/info.yaml":
    "ignoreMetadataFields: [labels]\ngiven: {mockSupplyChain: {blueprintInputs: {sources: {source: {url: unused}}, images: {source: {image: locked}}, deployment: {url: http://a}}}}\n",
  "mock/labels/expected.yaml":
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app, labels: {carto.run/workload-name: wrong}}\ndata: {url: http://a, p: locked}\n",
};

const CHAIN_FILES: Record<string, string> = {
  "workload.yaml": FILES["workload.yaml"] ?? "",
  "template.yaml": FILES["template.yaml"] ?? "",
  "expected.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata: {url: http://given, p: mine}\n",
  "supply-chain.yaml": `${api}kind: ClusterSupplyChain\nmetadata: {name: c}\nspec:\n  selector: {type: web}\n  params: [{name: p, default: chain}]\n  resources:\n  - {name: from, templateRef: {kind: ClusterSourceTemplate, name: s}}\n  - {name: to, templateRef: {kind: ClusterTemplate, name: t}, sources: [{name: source, resource: from}]}\n`,
  "known/info.yaml":
    "given: {supplyChain: {targetResourceName: to, previousOutputs: {from: {source: {url: http://given}}}}}\n",
  "unknown/info.yaml": "given: {supplyChain: {targetResourceName: to}}\n",
  "none/info.yaml": "given: {supplyChain: {targetResourceName: nowhere}}\n",
  "without/info.yaml": "metadata: {name: no target}\n",
};

let mocked: string;
let chained: string;

before(async () => {
  mocked = await write(FILES);
  chained = await write(CHAIN_FILES);
});
after(async () => {
  for (const folder of [mocked, chained]) await rm(folder, { recursive: true, force: true });
});

async function write(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-cases-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function run(folder: string): Promise<Tested[]> {
  const cases = await findTestCases(folder);
  return await Promise.all(cases.map(async (found) => ({ test: found, result: await runTestCase(found, () => 0) })));
}

test("leaves are tests; what they do not say comes from above", async () => {
  const tested = await run(mocked);
  assert.deepEqual(
    tested.map(({ test: { folder }, result }) => [folder, result.passed, result.problem]),
    [
      ["mock/fails", false, undefined],
      ["mock/ignores", true, undefined],
      ["mock/labels", false, undefined],
      ["mock/passes", true, undefined],
      ["mock/values", true, undefined],
      ["mock/ytt", true, undefined],
    ],
  );
  const [fails, , , passes] = tested;
  assert.deepEqual(
    fails?.result.diff.filter((line) => /^[-+]/.test(line)),
    ["-   name: app", "+   name: other"],
  );
  assert.deepEqual([passes?.test.name, passes?.test.description], ["it passes", "with all it has from above"]);
});

test("with a real supply chain a step is named, and what it reads is given", async () => {
  const results = (await run(chained)).map(({ test: { folder }, result }) => [folder, result.passed, result.problem]);
  assert.deepEqual(results, [
    ["known", true, undefined],
    ["none", false, "supply chain c has no step nowhere"],
    ["unknown", false, "step to reads from: give it in given.supplyChain.previousOutputs"],
    ["without", false, "given.supplyChain.targetResourceName is missing: the step that takes the template"],
  ]);
});

test("a misspelt field of info.yaml is refused", () => {
  for (const info of [{ expect: "x" }, { given: { templates: {} } }, { compareOptions: [] }, []])
    assert.throws(() => parseInfo(info, "info.yaml"), { name: "CliError", message: /^info\.yaml: / });
});

test("reports for people and for CI", async () => {
  const tested = await run(mocked);
  const lines = renderResults(tested, { verbose: false }).split("\n");
  assert.equal(lines[0], "FAIL: mock/fails");
  assert.ok(lines.includes("PASS: mock/passes"));
  const xml = renderJunit("a & b", tested);
  assert.match(xml, /<testsuite name="a &amp; b" tests="6" failures="2"/);
  assert.equal(xml.match(/<failure /g)?.length, 2);
});
