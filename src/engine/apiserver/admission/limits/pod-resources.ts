/** What a pod as a whole requests and is limited to. Pure. */
import type { Container, Pod } from "#api/builtin/types.gen.ts";
import { addResources, largerResources, parseResources, type ResourceList } from "#kit/resource-list.ts";

type Kind = "requests" | "limits";

/** What can be said for a pod as a whole. */
const POD_LEVEL = /^(cpu|memory|hugepages-.+)$/;

/** The most that containers need at any time: the main ones and the sidecars, or an init container and those before it. */
export function podTotal({ spec }: Pod, kind: Kind): ResourceList {
  let sidecars: ResourceList = new Map();
  let starting: ResourceList = new Map();
  for (const container of spec.initContainers ?? []) {
    const together = addResources(sidecars, amountsOf(container, kind));
    if (container.restartPolicy === "Always") sidecars = together;
    starting = largerResources(starting, together);
  }
  const running = spec.containers.map((container) => amountsOf(container, kind)).reduce(addResources, sidecars);
  const own = Object.entries(spec.resources?.[kind] ?? {}).filter(([name]) => POD_LEVEL.test(name));
  return new Map([...largerResources(running, starting), ...parseResources(Object.fromEntries(own))]);
}

function amountsOf({ resources }: Container, kind: Kind): ResourceList {
  return parseResources(resources?.[kind]);
}
