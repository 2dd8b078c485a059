/** The quality of service that a pod gets: it follows from what its containers ask for and are limited to. */
import type { PodSpec, ResourceRequirements } from "#api/builtin/types.gen.ts";
import { parseQuantity } from "#kit/quantity.ts";

type QualityOfService = "Guaranteed" | "Burstable" | "BestEffort";
const COUNTED = ["cpu", "memory"];

function amount(text: string | undefined): bigint {
  return text === undefined ? 0n : (parseQuantity(text)?.nanos ?? 0n);
}

/** The class of a pod's status. */
export function qualityOf(spec: PodSpec | undefined): QualityOfService {
  const whole = spec?.resources;
  const all: (ResourceRequirements | undefined)[] = asksForSomething(whole)
    ? [whole]
    : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources }) => resources);
  if (!all.some(asksForSomething)) return "BestEffort";
  return all.every(isGuaranteed) ? "Guaranteed" : "Burstable";
}

function asksForSomething(resources: ResourceRequirements | undefined): boolean {
  return COUNTED.some((name) => amount(resources?.requests?.[name]) > 0n || amount(resources?.limits?.[name]) > 0n);
}

function isGuaranteed(resources: ResourceRequirements | undefined): boolean {
  return COUNTED.every((name) => {
    const limit = amount(resources?.limits?.[name]);
    return limit > 0n && amount(resources?.requests?.[name] ?? resources?.limits?.[name]) === limit;
  });
}
