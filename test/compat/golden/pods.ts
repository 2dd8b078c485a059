/** What a node would say about pods, said by hand: cases have no nodes. */
import { isObject, type Json } from "#kit/json.ts";

/** Reports about pods, in the order of their names; pods that are going away are left out. */
export type Report = {
  /** A label selector. */
  of: string;
  are: "ready" | "unready" | "succeeded" | "failed" | "bound" | "gone";
  /** At most so many; those that are as reported already do not count. */
  count?: number;
  /** Of pods that failed. */
  exitCode?: number;
  /** More conditions, by type; their status is True. */
  conditions?: string[];
  /** More of the status, such as restart counts. */
  status?: Record<string, Json>;
};

type Send = (method: string, end: string, body?: Json) => Promise<Json>;

type Pod = {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { nodeName?: string; containers: { name: string }[] };
  status: { phase?: string; conditions?: { type: string; status: string }[] };
};

/** Writes the report into the pods; those that are bound are bound to `node`. Answers with how many they are. */
export async function reportPods(report: Report, node: string, send: Send): Promise<number> {
  const list = await send("GET", `?labelSelector=${encodeURIComponent(report.of)}`);
  const all = (isObject(list) ? (list.items as unknown as Pod[]) : []).toSorted((left, right) =>
    left.metadata.name < right.metadata.name ? -1 : 1,
  );
  const isGone = report.are === "gone";
  const due = all.filter((pod) => (isGone || !pod.metadata.deletionTimestamp) && !isReported(pod, report));
  const chosen = due.slice(0, report.count ?? due.length);
  for (const pod of chosen) await reportPod(pod, report, node, send);
  return chosen.length;
}

function isReported({ spec, status }: Pod, { are }: Report): boolean {
  const isOver = status.phase === "Failed" || status.phase === "Succeeded";
  const ready = status.conditions?.find(({ type }) => type === "Ready")?.status;
  if (are === "gone") return false;
  if (are === "bound") return spec.nodeName !== undefined;
  if (isOver) return true;
  if (are === "ready") return ready === "True";
  return are === "unready" && ready === "False";
}

async function reportPod({ metadata, spec }: Pod, report: Report, node: string, send: Send): Promise<void> {
  if (report.are === "gone") return void (await send("DELETE", `/${metadata.name}`, { gracePeriodSeconds: 0 }));
  if (report.are === "bound") {
    const target = { kind: "Node", name: node };
    return void (await send("POST", `/${metadata.name}/binding`, { metadata: { name: metadata.name }, target }));
  }
  await send("PATCH", `/${metadata.name}/status`, { status: statusOf(spec, report) });
}

function statusOf({ containers }: Pod["spec"], { are, exitCode, conditions = [], status }: Report): Json {
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const phase = are === "succeeded" ? "Succeeded" : are === "failed" ? "Failed" : "Running";
  const isOver = phase !== "Running";
  const code = exitCode ?? (are === "failed" ? 1 : 0);
  const terminated = { exitCode: code, reason: code === 0 ? "Completed" : "Error", startedAt: time, finishedAt: time };
  return {
    phase,
    podIP: "10.1.2.3",
    podIPs: [{ ip: "10.1.2.3" }],
    conditions: [
      { type: "Ready", status: are === "ready" ? "True" : "False", lastTransitionTime: time },
      ...conditions.map((type) => ({ type, status: "True", lastTransitionTime: time })),
    ],
    ...(isOver && {
      containerStatuses: containers.map(({ name }) => ({
        ...{ name, ready: false, restartCount: 0, image: "i", imageID: "" },
        state: { terminated },
      })),
    }),
    ...status,
  };
}
