/** The service account that an owner names must be there, as upstream stamps with its token. */
import { ServiceAccount } from "#api/builtin/index.ts";
import type { Context } from "#engine/controller/controller.ts";

/** What is wrong with it; undefined when it is there, or none is named. */
export async function accountProblem(
  name: string | undefined,
  namespace: string | undefined,
  context: Context,
): Promise<string | undefined> {
  if (!name || (await context.get(ServiceAccount, name, namespace))) return undefined;
  return `failed to get service account [${namespace}/${name}]: serviceaccounts "${name}" not found: create it, or name another`;
}
