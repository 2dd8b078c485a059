/** The service account that stamps for an owner. Spec: Cartographer's authentication. */
import type { Unstructured } from "#api/meta.ts";
import type { AccountName, Actor, Context } from "#engine/controller/controller.ts";
import { hasReason, StatusError } from "#kit/status.ts";
import { StepFailure } from "./failure.ts";

/** A blueprint's own choice; without a namespace it is an account of each owner's namespace. */
export type AccountRef = { name: string; namespace?: string | undefined };

/** How long what was denied waits for rights that no watch tells of, in milliseconds. */
const DENIED_RECHECK_MS = 30_000;

/** The owner's own choice, else the blueprint's, else `default`. Pure. */
export function accountOf(owner: Unstructured, reference?: AccountRef): AccountName {
  const { namespace = "" } = owner.metadata;
  const own = (owner.spec as { serviceAccountName?: string } | undefined)?.serviceAccountName;
  if (own) return { namespace, name: own };
  return { namespace: reference?.namespace || namespace, name: reference?.name || "default" };
}

/** The account as one that writes in the owner's namespace. Throws StepFailure when it is not there, or gets no token. */
export async function stampingActor(owner: Unstructured, account: AccountName, context: Context): Promise<Actor> {
  const { namespace, name } = account;
  try {
    return await context.actor(account, [owner.metadata.namespace ?? ""]);
  } catch (error) {
    if (!(error instanceof StatusError) || error.code >= 500) throw error;
    const [reason, what, advice] =
      error.reason === "NotFound"
        ? ["ServiceAccountError", "service account", ": create it, or name another"]
        : ["ServiceAccountTokenError", "token for service account", ""];
    const message = `failed to get ${what} [${namespace}/${name}]: ${error.message}${advice}`;
    throw new StepFailure(reason, message, "False", { cause: error });
  }
}

/** When to look again because of these errors, or of what caused them: rights may come from where nothing is watched. */
export function recheckWhenDenied(errors: readonly unknown[]): { recheckAfter?: number } {
  const causes = errors.flatMap((error) => (error instanceof Error ? [error, error.cause] : []));
  const isDenied = causes.some((cause) => hasReason(cause, "Forbidden"));
  return isDenied ? { recheckAfter: DENIED_RECHECK_MS } : {};
}
