/** The sections of `workload get`, in the layout of `tanzu apps workload get`. Pure. */
import type { Application } from "#api/argoproj.io/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Deliverable } from "#api/carto.run/deliverable.ts";
import type { Workload } from "#api/carto.run/workload.ts";
import type { Service } from "#api/serving.knative.dev/index.ts";
import { type Condition, findCondition } from "#kit/conditions.ts";
import { age, renderTable } from "../print.ts";
import { TYPE_LABEL } from "./draft.ts";

/** Everything that is shown of one workload. */
export type WorkloadView = {
  workload: Workload;
  deliverable: Deliverable | undefined;
  application: Application | undefined;
  pods: readonly k8s.Pod[];
  services: readonly Service[];
};

type Step = NonNullable<NonNullable<Workload["status"]>["resources"]>[number];
type Field = readonly [name: string, value: string | undefined];

/** The whole page. */
export function renderWorkload(view: WorkloadView, now: Date): string {
  const { name, namespace } = view.workload.metadata;
  return [
    overview(view.workload),
    source(view.workload),
    supplyChain(view.workload, now),
    delivery(view, now),
    messages(view.workload),
    claims(view.workload),
    pods(view.pods, now),
    services(view.services),
    `To see logs: slipway workload tail ${name} -n ${namespace}`,
  ]
    .filter(Boolean)
    .join("\n\n");
}

function section(title: string, ...blocks: readonly string[]): string {
  const lines = blocks.filter(Boolean).join("\n\n").split("\n");
  return [title, ...lines.map((line) => (line ? `   ${line}` : ""))].join("\n");
}

function fields(rows: readonly Field[]): string {
  return rows.flatMap(([name, value]) => (value ? [`${`${name}:`.padEnd(12)}${value}`] : [])).join("\n");
}

function overview({ metadata: { name, namespace, labels, annotations } }: Workload): string {
  return section(
    "Overview",
    fields([
      ["name", name],
      ["type", labels?.[TYPE_LABEL] ?? "<empty>"],
      ["namespace", namespace],
      ["paused", annotations?.["slipway.dev/paused"]],
    ]),
  );
}

function source({ spec, status }: Workload): string {
  const { git, image, subPath } = spec.source ?? {};
  const revision = outputOf(
    status?.resources?.find(({ name }) => name === "source-provider"),
    "revision",
  );
  if (git) {
    const { branch, tag, commit } = git.ref ?? {};
    const rows: Field[] = [
      ["type", "git"],
      ["url", git.url],
      ["sub-path", subPath],
      ["branch", branch],
      ["tag", tag],
      ["commit", commit],
      ["revision", revision],
    ];
    return section("Source", fields(rows));
  }
  if (image)
    return section(
      "Source",
      fields([
        ["type", "source image"],
        ["image", image],
        ["sub-path", subPath],
        ["revision", revision],
      ]),
    );
  if (spec.image)
    return section(
      "Source",
      fields([
        ["type", "image"],
        ["image", spec.image],
      ]),
    );
  const maven = spec.params?.find(({ name }) => name === "maven")?.value;
  return section(
    "Source",
    maven
      ? fields([
          ["type", "maven"],
          ["artifact", JSON.stringify(maven)],
        ])
      : "none",
  );
}

function supplyChain({ status }: Workload, now: Date): string {
  const name = status?.supplyChainRef?.name;
  if (!name) return section("Supply Chain", "none selected");
  return section("Supply Chain", fields([["name", name]]), stepTable(status?.resources ?? [], now));
}

function stepTable(steps: readonly Step[], now: Date): string {
  if (steps.length === 0) return "Supply chain resources not found.";
  const rows = steps.map((step) => {
    const ready = conditionOf(step, "Ready");
    const { stampedRef: ref } = step;
    return [
      step.name,
      ready?.status ?? "Unknown",
      conditionOf(step, "Healthy")?.status ?? "Unknown",
      age(ready?.lastTransitionTime, now),
      ref ? `${ref.resource}/${ref.name}` : "not found",
      shortOutput(step),
    ];
  });
  return renderTable([["NAME", "READY", "HEALTHY", "TIME", "RESOURCE", "OUTPUT"], ...rows]);
}

function conditionOf({ conditions = [] }: Step, type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

function outputOf(step: Step | undefined, name: string): string | undefined {
  return step?.outputs?.find((output) => output.name === name)?.preview.trim();
}

const SHORT_DIGEST = "sha256:".length + 12;
const SHORT_COMMIT = 12;

/** A revision or an image, with what identifies it cut to what tells it from others; configuration by its digest. */
function shortOutput(step: Step): string {
  const value = outputOf(step, "revision") ?? outputOf(step, "image");
  if (value === undefined)
    return step.outputs?.find(({ name }) => name === "config")?.digest.slice(0, SHORT_DIGEST) ?? "";
  const digest = /sha256:[0-9a-f]{64}$/.exec(value)?.[0];
  return digest
    ? digest.slice(0, SHORT_DIGEST)
    : value.replace(/[0-9a-f]{40}$/, (commit) => commit.slice(0, SHORT_COMMIT));
}

function delivery({ deliverable, application }: WorkloadView, now: Date): string {
  if (deliverable) {
    const { deliveryRef, resources = [] } = deliverable.status ?? {};
    return section("Delivery", fields([["name", deliveryRef?.name ?? "none selected"]]), stepTable(resources, now));
  }
  if (!application) return section("Delivery", "Delivery resources not found.");
  const { sync, health } = (application.status ?? {}) as {
    sync?: { status?: string; revision?: string };
    health?: { status?: string };
  };
  const row = [
    `applications.argoproj.io/${application.metadata.name}`,
    sync?.status ?? "Unknown",
    health?.status ?? "Unknown",
    sync?.revision?.slice(0, SHORT_COMMIT) ?? "",
  ];
  return section("Delivery", renderTable([["RESOURCE", "SYNCED", "HEALTH", "REVISION"], row]));
}

function messages(workload: Workload): string {
  const ready = findCondition(workload, "Ready");
  if (!ready || ready.status === "True") return section("Messages", "No messages found.");
  const { name, namespace } = workload.metadata;
  const said = new Set(
    (workload.status?.resources ?? []).flatMap((step) => {
      const condition = conditionOf(step, "Ready");
      return condition?.status !== "True" && condition?.message
        ? [`${step.name} [${condition.reason}]: ${condition.message}`]
        : [];
    }),
  );
  const own = `Workload [${ready.reason}]: ${ready.message ?? ""}`;
  return section("Messages", [own, ...said, `why: slipway why workload/${name} -n ${namespace}`].join("\n"));
}

function claims({ spec }: Workload): string {
  if (!spec.serviceClaims?.length) return "";
  const rows = spec.serviceClaims.map(({ name, ref }) => [
    name,
    ref?.name ?? "",
    ref?.kind ?? "",
    ref?.apiVersion ?? "",
  ]);
  return section("Services", renderTable([["CLAIM", "NAME", "KIND", "API VERSION"], ...rows]));
}

function pods(found: readonly k8s.Pod[], now: Date): string {
  if (found.length === 0) return section("Pods", "No pods found: scaled to zero, or not deployed yet.");
  const rows = found.map(({ metadata, status }) => {
    const containers = status?.containerStatuses ?? [];
    const restarts = containers.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
    const ready = `${containers.filter((container) => container.ready).length}/${containers.length}`;
    return [metadata.name, ready, status?.phase ?? "", String(restarts), age(metadata.creationTimestamp, now)];
  });
  return section("Pods", renderTable([["NAME", "READY", "STATUS", "RESTARTS", "AGE"], ...rows]));
}

function services(found: readonly Service[]): string {
  if (found.length === 0) return "";
  const rows = found.map((service) => {
    const ready = findCondition(service, "Ready");
    return [
      service.metadata.name,
      ready?.status === "True" ? "Ready" : (ready?.reason ?? "Unknown"),
      service.status?.url ?? "",
    ];
  });
  return section("Knative Services", renderTable([["NAME", "READY", "URL"], ...rows]));
}
