/** Pods: what the server fills in, refuses and keeps of them, and how long they may take to go. */
import type { Pod } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";
import { checkPodChange } from "./changes.ts";
import { defaultPod, defaultPodSpec } from "./defaults.ts";
import { mergeLabelKeys } from "./label-keys.ts";
import { ephemeralContainers, resize } from "./parts.ts";
import { qualityOf } from "./quality.ts";
import { checkPodStatus, warnOfPodAddresses } from "./status.ts";
import { checkPodSpec } from "./validate.ts";
import { warnOfPod } from "./warnings.ts";

const asPod = (object: Unstructured): Mutable<Pod> => object as unknown as Mutable<Pod>;

function isTerminal({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

export const podStrategy: Strategy = {
  generation: true,
  returnsDeleted: true,
  warn: (draft, current) => (current ? [] : warnOfPod(asPod(draft))),
  parts: { ephemeralcontainers: ephemeralContainers, resize },
  defaults: (draft) => {
    const { spec } = asPod(draft);
    if (!spec) return;
    defaultPodSpec(spec);
    defaultPod(spec);
  },
  prepareCreate: (draft) => {
    const pod = asPod(draft);
    pod.status = { phase: "Pending", qosClass: qualityOf(pod.spec) };
    if (pod.spec) mergeLabelKeys(pod);
    if (pod.spec?.schedulingGates?.length)
      pod.status.conditions = [
        {
          type: "PodScheduled",
          status: "False",
          lastTransitionTime: pod.metadata.creationTimestamp ?? "",
          reason: "SchedulingGated",
          message: "Scheduling is blocked due to non-empty scheduling gates",
        },
      ] as NonNullable<typeof pod.status.conditions>;
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = asPod(draft);
      checkPodSpec(spec, report.at("spec"));
      const before = current && asPod(current).spec;
      if (!current && spec?.ephemeralContainers?.length)
        report.at("spec", "ephemeralContainers").forbidden("cannot be set on create");
      if (spec && before) checkPodChange(spec, before, report.at("spec"));
    }),
  validateStatus: (draft, current) =>
    violations((report) => {
      checkPodStatus(asPod(draft), asPod(current), report.at("status"));
    }),
  warnStatus: (draft) => warnOfPodAddresses(asPod(draft)),
  prepareStatus: (draft, current) => {
    const [next, before] = [asPod(draft), asPod(current)];
    const { status } = next;
    if (!status) return;
    if (before.status?.qosClass) status.qosClass ??= before.status.qosClass;
    const [first] = status.podIPs ?? [];
    if (status.podIP && status.podIP !== first?.ip) status.podIPs = [{ ip: status.podIP }];
    else if (first && !status.podIP) status.podIP = first.ip;
  },
  gracePeriod: (current, asked) => {
    const pod = asPod(current);
    if (!pod.spec?.nodeName || isTerminal(pod)) return 0;
    const seconds = asked ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    return seconds < 0 ? 1 : seconds;
  },
};
