/** cold-start: an application at zero is asked; when does the first byte come? */
import { Pod } from "#api/builtin/index.ts";
import { Workload } from "#api/carto.run/workload.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { httpTransport } from "#ports/kube/http.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { get } from "../test/harness/http.ts";
import { reserve, slipway, startProgram } from "../test/harness/program.ts";
import { eventually } from "../test/harness/wait.ts";
import type { Metrics } from "./main.ts";
import { summary } from "./statistics.ts";

const STARTS = 12;

export async function run(): Promise<Metrics> {
  const sandbox = await reserve();
  const program = await startProgram(sandbox, { demo: true });
  const firstByte: number[] = [];
  try {
    const kubeconfig = (await slipway(sandbox, "kubeconfig")).stdout;
    const transport = httpTransport(parseKubeconfig(kubeconfig));
    const client = new KubeClient(transport);
    await client.create(Workload, idler(sandbox.portBase));
    const url = program.readyLine.replace("READY ", "").replace("hello-web", "idler");
    await eventually("the first answer", async () => (await get(url)).status === 200);
    for (let start = 0; start < STARTS; start++) {
      await eventually(
        "scale to zero",
        async () =>
          (await client.list(Pod, { namespace: "default", labels: { "carto.run/workload-name": "idler" } })).items
            .length === 0,
      );
      const started = performance.now();
      const { status } = await get(url);
      if (status !== 200) throw new Error(`the application answered ${status}`);
      firstByte.push(performance.now() - started);
    }
    await transport.close();
  } finally {
    await program.stop();
    await sandbox.remove();
  }
  return { starts: STARTS, ...summary("first_byte_from_zero", firstByte) };
}

function idler(portBase: number) {
  const git = { url: `http://127.0.0.1:${portBase}/git/hello-web.git`, ref: { branch: "main" } };
  const annotations = { "autoscaling.knative.dev/window": "6s" };
  return {
    metadata: { name: "idler", namespace: "default", labels: { "apps.tanzu.vmware.com/workload-type": "web" } },
    spec: { source: { git }, params: [{ name: "annotations", value: annotations }] },
  };
}
