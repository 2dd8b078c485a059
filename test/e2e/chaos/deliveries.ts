/** What was delivered for the chaos test's applications, read from where it was delivered to. */
import { join } from "node:path";
import { ConfigBundle } from "#api/slipway.dev/config-bundle.ts";
import { parseYaml } from "#kit/yaml.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { must, type Sandbox } from "../../harness/program.ts";
import type { App } from "./apps.ts";

/** One delivery: what its provenance says, and what its files say. */
export type Delivery = { said: { source: string; image: string }; is?: { source: string; image: string } };

/** Every commit of the GitOps repository that is about the application, oldest first. */
export async function committed({ data }: Sandbox, app: App): Promise<Delivery[]> {
  const git = (...args: string[]): Promise<string> => must("git", ["-C", join(data, "git", "gitops.git"), ...args]);
  const path = `config/default/${app.name}`;
  const ids = (await git("log", "--reverse", "--format=%H", "main", "--", path)).trim().split("\n");
  return await Promise.all(
    ids.map(async (id) => {
      const said = (name: string) => git("log", "-1", `--format=%(trailers:key=${name},valueonly,separator=)`, id);
      const [source, image, file] = await Promise.all([
        said("Slipway-Source-Revision"),
        said("Slipway-Image"),
        git("show", `${id}:${path}/delivery.yml`),
      ]);
      return { said: { source: source.trim(), image: image.trim() }, is: manifest(file) };
    }),
  );
}

/** Every bundle that was pushed for the application, oldest first. */
export async function bundled(client: KubeClient, app: App): Promise<Delivery[]> {
  const bundle = await client.get(ConfigBundle, app.name, "default");
  return (bundle?.status?.history ?? []).map(({ provenance = {} }) => ({
    said: { source: provenance["Slipway-Source-Revision"] ?? "", image: provenance["Slipway-Image"] ?? "" },
  }));
}

type KnativeService = {
  spec: {
    template: { metadata: { annotations: Record<string, string> }; spec: { containers: { image: string }[] } };
  };
};

function manifest(file: string): Delivery["said"] {
  const [service] = parseYaml(file, "delivery.yml") as KnativeService[];
  const { metadata, spec } = service?.spec.template ?? { metadata: { annotations: {} }, spec: { containers: [] } };
  return {
    source: metadata.annotations["slipway.dev/source-revision"] ?? "",
    image: spec.containers[0]?.image ?? "",
  };
}
