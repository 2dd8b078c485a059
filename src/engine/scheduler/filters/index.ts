/** All filters, in the order in which a node's first refusal is reported. */
import type { Filter } from "./filter.ts";
import { podAffinityFilter, podAntiAffinityFilter, repellingPodsFilter, spreadFilter } from "./neighbours.ts";
import { affinityFilter, portsFilter, resourcesFilter } from "./node.ts";
import { taintFilter, unschedulableFilter } from "./taints.ts";
import { volumeFilter } from "./volumes.ts";

export const FILTERS: readonly Filter[] = [
  unschedulableFilter,
  taintFilter,
  affinityFilter,
  portsFilter,
  resourcesFilter,
  volumeFilter,
  spreadFilter,
  repellingPodsFilter,
  podAffinityFilter,
  podAntiAffinityFilter,
];
