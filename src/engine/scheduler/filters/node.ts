/** Filters that look at the node alone and at what is taken of it. Pure. */
import { hostPorts, podRequests, portsClash } from "../requests.ts";
import { type Filter, finalRefusal, refusal } from "./filter.ts";
import { requiredNodes } from "./selectors.ts";

/** Refuses nodes that the pod's node selector or required node affinity excludes. */
export const affinityFilter: Filter = {
  wokenBy: ["node"],
  prepare: ({ pod }) => {
    const allows = requiredNodes(pod);
    return (
      allows &&
      (({ node }) => (allows(node) ? undefined : finalRefusal("node(s) didn't match Pod's node affinity/selector")))
    );
  },
};

/** Refuses nodes on which a port of the host that the pod wants is taken. */
export const portsFilter: Filter = {
  wokenBy: ["node", "pod"],
  prepare: ({ pod }) => {
    const wanted = hostPorts(pod);
    if (wanted.length === 0) return undefined;
    return ({ pods }) => {
      for (const { ports } of pods.values())
        if (ports.some((taken) => wanted.some((port) => portsClash(port, taken))))
          return refusal("node(s) didn't have free ports for the requested pod ports");
      return undefined;
    };
  },
};

/** Small enough to be an error of floating-point sums. */
const TOLERANCE = 1e-6;

/** Refuses nodes on which too little is left of what the pod requests, or which have their number of pods. */
export const resourcesFilter: Filter = {
  wokenBy: ["node", "pod"],
  prepare: ({ pod }) => {
    const wanted = [...podRequests(pod)].filter(([, amount]) => amount > 0);
    return ({ allocatable, requested, pods }) => {
      const reasons = pods.size + 1 > (allocatable.get("pods") ?? Number.POSITIVE_INFINITY) ? ["Too many pods"] : [];
      let isFinal = false;
      for (const [name, amount] of wanted) {
        const all = (allocatable.get(name) ?? 0) + TOLERANCE;
        if (amount <= all - (requested.get(name) ?? 0)) continue;
        reasons.push(`Insufficient ${name}`);
        isFinal ||= amount > all;
      }
      return reasons.length > 0 ? { reasons, isFinal } : undefined;
    };
  },
};
