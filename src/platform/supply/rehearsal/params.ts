/** Where the value of each parameter of a step comes from. Pure; the precedence is that of `resolveParams`. */
import type { Json } from "#kit/json.ts";
import { deepEqual } from "#kit/json.ts";
import { type ParamSources, resolveParams } from "../params.ts";

export type ExplainedParam = {
  name: string;
  value: Json;
  from: "template default" | "supply chain" | "step" | "workload";
  /** The supply chain gives it as `value`, not as `default`: workloads cannot change it. */
  locked: boolean;
  /** What the workload wants and does not get. */
  refused?: Json;
};

/** In the order in which the parameters are declared, the workload's own last. */
export function explainParams(sources: ParamSources): ExplainedParam[] {
  const { template = [], blueprint = [], step = [], owner = [] } = sources;
  const values = resolveParams(sources);
  const declared = [...template, ...blueprint, ...step, ...owner].map(({ name }) => name);
  return [...new Set(declared)].flatMap((name) => {
    const value = values[name];
    if (value === undefined) return [];
    const last = step.findLast((param) => param.name === name) ?? blueprint.findLast((param) => param.name === name);
    const locked = last?.value !== undefined;
    const wanted = owner.findLast((param) => param.name === name)?.value;
    const refused = locked && wanted !== undefined && !deepEqual(wanted, value);
    return [{ name, value, from: originOf(name, sources, locked), locked, ...(refused && { refused: wanted }) }];
  });
}

function originOf(name: string, sources: ParamSources, locked: boolean): ExplainedParam["from"] {
  const has = (params: readonly { name: string }[] = []): boolean => params.some((param) => param.name === name);
  if (!locked && has(sources.owner)) return "workload";
  if (has(sources.step)) return "step";
  return has(sources.blueprint) ? "supply chain" : "template default";
}
