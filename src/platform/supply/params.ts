/** The parameters that a template sees. Pure; spec: Cartographer's precedence of params. */
import type { Json } from "#kit/json.ts";

type TemplateParam = { name: string; default: Json };
type BlueprintParam = { name: string; value?: Json; default?: Json };
type OwnerParam = { name: string; value: Json };

export type ParamSources = {
  template: readonly TemplateParam[] | undefined;
  blueprint: readonly BlueprintParam[] | undefined;
  step: readonly BlueprintParam[] | undefined;
  owner: readonly OwnerParam[] | undefined;
};

/**
 * Later wins: template default, blueprint, step, owner. A blueprint or step that gives `value` instead of `default`
 * locks the parameter against the owner, until a later `default` unlocks it.
 */
export function resolveParams(sources: ParamSources): Record<string, Json> {
  const params: Record<string, Json> = {};
  const locked = new Set<string>();
  for (const { name, default: value } of sources.template ?? []) params[name] = value;
  for (const param of [...(sources.blueprint ?? []), ...(sources.step ?? [])]) {
    const value = param.value ?? param.default;
    if (value === undefined) continue;
    params[param.name] = value;
    if (param.value !== undefined) locked.add(param.name);
    else locked.delete(param.name);
  }
  for (const { name, value } of sources.owner ?? []) if (!locked.has(name)) params[name] = value;
  return params;
}
