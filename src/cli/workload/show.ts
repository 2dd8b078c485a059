/** `workload get`, `list` and `delete`. */
import { Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { Workload } from "#api/carto.run/workload.ts";
import { Service } from "#api/serving.knative.dev/index.ts";
import { findCondition } from "#kit/conditions.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { age, parseFormat, print, renderTable } from "../print.ts";

export async function listWorkloads(
  connection: Connection,
  everywhere: boolean,
  output: string | undefined,
): Promise<void> {
  const format = parseFormat(output);
  const { items } = await connection.client.list(Workload, everywhere ? {} : { namespace: connection.namespace });
  const now = new Date();
  print(format, items, () => {
    if (items.length === 0) return "No workloads found.";
    const rows = items.map((workload) => {
      const { name, namespace = "", creationTimestamp } = workload.metadata;
      const { status, reason = "" } = findCondition(workload, "Ready") ?? { status: "Unknown" };
      return [
        ...(everywhere ? [namespace] : []),
        name,
        status === "True" ? "Ready" : reason || status,
        age(creationTimestamp, now),
      ];
    });
    return renderTable([[...(everywhere ? ["NAMESPACE"] : []), "NAME", "READY", "AGE"], ...rows]);
  });
}

export async function getWorkload(connection: Connection, name: string, output: string | undefined): Promise<void> {
  const format = parseFormat(output);
  const { client, namespace } = connection;
  const workload = await client.get(Workload, name, namespace);
  if (!workload)
    throw new CliError(
      "notFound",
      `workload "${name}" not found in namespace ${namespace}`,
      "slipway workload list -A shows all.",
    );
  const labels = { "carto.run/workload-name": name };
  const [{ items: pods }, service] = await Promise.all([
    client.list(Pod, { namespace, labels }),
    client.get(Service, name, namespace),
  ]);
  print(format, workload, () => render(workload, pods, service));
}

function render(workload: Workload, pods: readonly k8s.Pod[], service: Service | undefined): string {
  const now = new Date();
  return [
    overview(workload),
    sourceSection(workload),
    chainSection(workload, now),
    messages(workload),
    podSection(pods, now),
    urlSection(service),
  ]
    .filter(Boolean)
    .join("\n\n");
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `   ${line}`)].join("\n");
}

function overview({ metadata }: Workload): string {
  const type = metadata.labels?.["apps.tanzu.vmware.com/workload-type"] ?? "none";
  return section("Overview", [
    `name:       ${metadata.name}`,
    `type:       ${type}`,
    `namespace:  ${metadata.namespace}`,
  ]);
}

function sourceSection({ spec, status }: Workload): string {
  const git = spec.source?.git;
  if (!git) return section("Source", [spec.image ?? spec.source?.image ?? "none"]);
  const outputs = status?.resources?.find(({ name }) => name === "source-provider")?.outputs;
  const revision = outputs?.find(({ name }) => name === "revision")?.preview.trim();
  const { branch, tag, commit } = git.ref ?? {};
  const reference = [
    branch && `branch:     ${branch}`,
    tag && `tag:        ${tag}`,
    commit && `commit:     ${commit}`,
  ].filter((line) => line !== undefined);
  return section("Source", [
    `url:        ${git.url}`,
    ...(reference as string[]),
    ...(revision ? [`revision:   ${revision}`] : []),
  ]);
}

function chainSection({ status }: Workload, now: Date): string {
  const steps = status?.resources ?? [];
  if (steps.length === 0) return section("Supply Chain", ["none selected"]);
  const rows = steps.map(({ name, conditions = [], stampedRef }) => {
    const ready = conditions.find(({ type }) => type === "Ready");
    const healthy = conditions.find(({ type }) => type === "Healthy");
    const resource = stampedRef ? `${stampedRef.resource}/${stampedRef.name}` : "not found";
    return [
      name,
      ready?.status ?? "Unknown",
      healthy?.status ?? "Unknown",
      age(ready?.lastTransitionTime, now),
      resource,
    ];
  });
  const table = renderTable([["NAME", "READY", "HEALTHY", "UPDATED", "RESOURCE"], ...rows]);
  return section("Supply Chain", [`name:       ${status?.supplyChainRef?.name ?? "none"}`, "", ...table.split("\n")]);
}

function messages(workload: Workload): string {
  const ready = findCondition(workload, "Ready");
  if (!ready || ready.status === "True") return section("Messages", ["No messages found."]);
  return section("Messages", [
    `${ready.reason}: ${ready.message ?? ""}`,
    `why: slipway why workload/${workload.metadata.name} -n ${workload.metadata.namespace}`,
  ]);
}

function podSection(pods: readonly k8s.Pod[], now: Date): string {
  if (pods.length === 0) return section("Pods", ["No pods found: scaled to zero, or not deployed yet."]);
  const rows = pods.map(({ metadata, status }) => {
    const restarts = (status?.containerStatuses ?? []).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
    return [metadata.name, status?.phase ?? "", String(restarts), age(metadata.creationTimestamp, now)];
  });
  return section("Pods", renderTable([["NAME", "STATUS", "RESTARTS", "AGE"], ...rows]).split("\n"));
}

function urlSection(service: Service | undefined): string {
  if (!service) return "";
  const ready = findCondition(service, "Ready")?.status ?? "Unknown";
  return section(
    "Knative Services",
    renderTable([
      ["NAME", "READY", "URL"],
      [service.metadata.name, ready, service.status?.url ?? ""],
    ]).split("\n"),
  );
}

export async function deleteWorkload({ client, namespace }: Connection, name: string): Promise<void> {
  const deleted = await client.delete(Workload, { name, namespace }, { propagation: "Foreground" });
  if (!deleted) throw new CliError("notFound", `workload "${name}" not found in namespace ${namespace}`);
  console.log(`workload "${name}" deleted`);
}
