/** `workload rerun`: makes a step do its work again, without a change of the source. */
import { Build } from "#api/kpack.io/index.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Condition } from "#kit/conditions.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { findWorkload } from "./get.ts";
import { planRerun } from "./rerun-plan.ts";

type Status = {
  name: string;
  conditions?: Condition[];
  stampedRef?: { apiVersion?: string; kind?: string; name?: string };
};

/** Without a step: the first that is not ready. Throws CliError when there is none such. */
export async function rerunStep(connection: Connection, name: string, step: string | undefined): Promise<void> {
  const { client, namespace } = connection;
  const workload = await findWorkload(connection, name);
  const chosen = chooseStep(workload.status?.resources ?? [], step);
  const { apiVersion = "", kind = "", name: object = "" } = chosen.stampedRef ?? {};
  const resource = object ? await client.resourceFor(apiVersion, kind) : undefined;
  const stamped = resource && (await client.get(resource, object, namespace));
  const rerun = stamped && planRerun({ stamped, newest: await newestOf(connection, stamped), now: new Date() });
  if (!rerun)
    throw new CliError("failed", `step ${chosen.name} has not run yet`, `slipway workload get ${name} -n ${namespace}`);
  const { target } = rerun;
  const { name: targetName, namespace: place } = target.metadata;
  await client.patch(
    await client.resourceFor(target.apiVersion, target.kind),
    { name: targetName, namespace: place },
    { type: "merge", body: rerun.body },
  );
  console.log(`step ${chosen.name}: ${rerun.says}`);
}

function chooseStep(steps: readonly Status[], wanted: string | undefined): Status {
  const names = steps.map(({ name }) => name).join(", ") || "none";
  const isReady = ({ conditions = [] }: Status): boolean =>
    conditions.some(({ type, status }) => type === "Ready" && status === "True");
  const found = steps.find((step) => (wanted === undefined ? !isReady(step) : step.name === wanted));
  if (found) return found;
  if (wanted === undefined)
    throw new CliError("usage", "every step is ready: name the one to run again", `Steps: ${names}.`);
  throw new CliError("notFound", `the workload has no step "${wanted}"`, `Steps: ${names}.`);
}

/** The newest Build of an Image, or run of a Runnable. */
async function newestOf({ client }: Connection, { kind, metadata }: Unstructured): Promise<Unstructured | undefined> {
  const { name, namespace } = metadata;
  if (kind === "Image") {
    const { items } = await client.list(Build, { namespace, labels: { "image.kpack.io/image": name } });
    const number = (build: Build): number => Number(build.metadata.labels?.["image.kpack.io/buildNumber"] ?? 0);
    return items.toSorted((left, right) => number(left) - number(right)).at(-1) as Unstructured | undefined;
  }
  return kind === "Runnable" ? await newestRun({ client }, metadata) : undefined;
}

/** The kind of a Runnable's objects is that of its template. */
async function newestRun(
  { client }: Pick<Connection, "client">,
  { name, namespace }: Unstructured["metadata"],
): Promise<Unstructured | undefined> {
  const { ClusterRunTemplate, Runnable } = await import("#api/carto.run/runnable.ts");
  const runnable = await client.get(Runnable, name, namespace);
  const template = runnable && (await client.get(ClusterRunTemplate, runnable.spec.runTemplateRef.name));
  const { apiVersion, kind } = (template?.spec.template ?? {}) as { apiVersion?: string; kind?: string };
  if (!apiVersion || !kind) return undefined;
  const labels = { "carto.run/runnable-name": name };
  const { items } = await client.list(await client.resourceFor(apiVersion, kind), { namespace, labels });
  const created = (run: Unstructured): string => run.metadata.creationTimestamp ?? "";
  return items.toSorted((left, right) => (created(left) < created(right) ? -1 : 1)).at(-1);
}
