/** `workload get`: one workload with everything that was made of it. */
import { Application } from "#api/argoproj.io/index.ts";
import { Pod } from "#api/builtin/index.ts";
import { Deliverable } from "#api/carto.run/deliverable.ts";
import { Workload } from "#api/carto.run/workload.ts";
import { Service } from "#api/serving.knative.dev/index.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { parseFormat, print } from "../print.ts";
import { portable } from "./portable.ts";
import { renderWorkload } from "./sections.ts";

export type GetOptions = { output?: string; export?: boolean };

/** With `export`: YAML that can be applied again. Throws CliError when there is no such workload. */
export async function getWorkload(connection: Connection, name: string, options: GetOptions): Promise<void> {
  const { client, namespace } = connection;
  const workload = await findWorkload(connection, name);
  if (options.export) return print(parseFormat(options.output ?? "yaml"), portable(workload), () => "");
  const labels = { "carto.run/workload-name": name };
  const [pods, services, deliverable, application] = await Promise.all([
    client.list(Pod, { namespace, labels }),
    client.list(Service, { namespace, labels }),
    client.get(Deliverable, name, namespace),
    client.get(Application, name, namespace),
  ]);
  const view = { workload, pods: pods.items, services: services.items, deliverable, application };
  print(parseFormat(options.output), workload, () => renderWorkload(view, new Date()));
}

/** Throws CliError when there is no such workload. */
export async function findWorkload({ client, namespace }: Connection, name: string): Promise<Workload> {
  const workload = await client.get(Workload, name, namespace);
  if (workload) return workload;
  throw new CliError(
    "notFound",
    `workload "${name}" not found in namespace ${namespace}`,
    "slipway workload list -A shows all.",
  );
}
