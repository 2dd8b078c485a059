/** Health of the built-in kinds that are neither workloads nor pods. Pure. */
import type { Ingress, Job, PersistentVolumeClaim, Service } from "#api/builtin/types.gen.ts";
import { type Health, health } from "./health.ts";

export function jobHealth({ status }: Job): Health {
  const on = status?.conditions?.filter((condition) => condition.status === "True") ?? [];
  const find = (type: string) => on.find((condition) => condition.type === type);
  const failed = find("Failed");
  if (failed) return health("Degraded", failed.message);
  const suspended = find("Suspended");
  if (suspended) return health("Suspended", suspended.message);
  const complete = find("Complete");
  return complete ? health("Healthy", complete.message) : health("Progressing");
}

export function claimHealth({ status }: PersistentVolumeClaim): Health {
  switch (status?.phase) {
    case "Bound":
      return health("Healthy");
    case "Lost":
      return health("Degraded", "the volume is lost");
    case "Pending":
      return health("Progressing");
    default:
      return health("Unknown");
  }
}

export function serviceHealth({ spec, status }: Service): Health {
  if (spec?.type !== "LoadBalancer" || status?.loadBalancer?.ingress?.length) return health("Healthy");
  return health("Progressing", "waiting for a load balancer address");
}

export function ingressHealth({ status }: Ingress): Health {
  return status?.loadBalancer?.ingress?.length ? health("Healthy") : health("Progressing");
}
