/** What of a pod or a claim is beyond a LimitRange, in the words of a real server. Pure. */
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from "#api/builtin/types.gen.ts";
import { formatQuantity, type Quantity } from "#kit/quantity.ts";
import { parseResources, type ResourceList } from "#kit/resource-list.ts";
import { podTotal } from "./pod-resources.ts";

type Asked = { requests: ResourceList; limits: ResourceList };

/** Why the pod is not allowed; empty when it is. */
export function podProblems(pod: Pod, { spec }: LimitRange): string[] {
  const { containers, initContainers = [] } = pod.spec;
  return (spec?.limits ?? []).flatMap((limit) => {
    if (limit.type === "Container")
      return [...containers, ...initContainers].flatMap((container) => problems(limit, askedBy(container)));
    if (limit.type !== "Pod") return [];
    return problems(limit, { requests: podTotal(pod, "requests"), limits: podTotal(pod, "limits") });
  });
}

/** Why the claim is not allowed; empty when it is. Claims have requests only, which the maximum is for as well. */
export function claimProblems({ spec }: PersistentVolumeClaim, range: LimitRange): string[] {
  const requests = parseResources(spec?.resources?.requests);
  return (range.spec?.limits ?? []).flatMap((limit) => {
    if (limit.type !== "PersistentVolumeClaim") return [];
    const subject = { type: limit.type, requests, limits: new Map<string, Quantity>() };
    return [
      ...each(limit.min, (name, least) => belowMinimum(subject, name, least)),
      ...each(limit.max, (name, most) => requestBeyond(subject, name, most)),
    ];
  });
}

function askedBy({ resources }: Container): Asked {
  return { requests: parseResources(resources?.requests), limits: parseResources(resources?.limits) };
}

type Subject = Asked & { type: string };
type Problem = string | undefined;

function problems({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, asked: Asked): string[] {
  const subject = { type, ...asked };
  return [
    ...each(min, (name, least) => belowMinimum(subject, name, least)),
    ...each(max, (name, most) => beyondMaximum(subject, name, most)),
    ...each(maxLimitRequestRatio, (name, ratio) => beyondRatio(subject, name, ratio)),
  ];
}

function each(amounts: LimitRangeItem["min"], judge: (name: string, amount: Quantity) => Problem): string[] {
  const found = [...parseResources(amounts)].toSorted(([left], [right]) => (left < right ? -1 : 1));
  return found.map(([name, amount]) => judge(name, amount)).filter((problem) => problem !== undefined);
}

function belowMinimum({ type, requests, limits }: Subject, name: string, least: Quantity): Problem {
  const rule = `minimum ${name} usage per ${type} is ${formatQuantity(least)}`;
  const [request, limit] = [requests.get(name), limits.get(name)];
  if (!request) return `${rule}.  No request is specified`;
  if (request.nanos < least.nanos) return `${rule}, but request is ${formatQuantity(request)}`;
  return limit && limit.nanos < least.nanos ? `${rule}, but limit is ${formatQuantity(limit)}` : undefined;
}

function beyondMaximum({ type, requests, limits }: Subject, name: string, most: Quantity): Problem {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(most)}`;
  const [request, limit] = [requests.get(name), limits.get(name)];
  if (!limit) return `${rule}.  No limit is specified`;
  if (limit.nanos > most.nanos) return `${rule}, but limit is ${formatQuantity(limit)}`;
  return request && request.nanos > most.nanos ? `${rule}, but request is ${formatQuantity(request)}` : undefined;
}

function requestBeyond({ type, requests }: Subject, name: string, most: Quantity): Problem {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(most)}`;
  const request = requests.get(name);
  if (!request) return `${rule}.  No request is specified`;
  return request.nanos > most.nanos ? `${rule}, but request is ${formatQuantity(request)}` : undefined;
}

function beyondRatio({ type, requests, limits }: Subject, name: string, ratio: Quantity): Problem {
  const rule = `${name} max limit to request ratio per ${type} is ${formatQuantity(ratio)}`;
  const [request, limit] = [requests.get(name), limits.get(name)];
  if (!request?.nanos) return `${rule}, but no request is specified or request is 0`;
  if (!limit?.nanos) return `${rule}, but no limit is specified or limit is 0`;
  const actual = Number(limit.nanos) / Number(request.nanos);
  return actual * 1e9 > Number(ratio.nanos) ? `${rule}, but provided ratio is ${actual.toFixed(6)}` : undefined;
}
