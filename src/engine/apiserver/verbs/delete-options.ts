/** How something is to be deleted. */
import { isObject } from "#kit/json.ts";
import { invalidValue, notSupported } from "#kit/schema/field-errors.ts";
import { type FieldError, failure, invalid } from "#kit/status.ts";
import { isSet, type ResourceRequest } from "../wire/request.ts";
import { jsonType } from "./go-types.ts";
import { dryRunProblems, parseCount } from "./options.ts";

export type DeleteOptions = {
  gracePeriodSeconds?: number | undefined;
  propagationPolicy?: string | undefined;
  preconditions?: { uid?: string; resourceVersion?: string } | undefined;
  dryRun: boolean;
};

/** Options from the body, which wins, and from the query. */
export function optionsOf({ body, query, malformed }: ResourceRequest): DeleteOptions {
  if (malformed !== undefined) throw failure("BadRequest", `couldn't get version/kind; json parse error: ${malformed}`);
  const given = isObject(body) ? (body as Record<string, unknown>) : {};
  rejectOtherKinds(given);
  const grace = given.gracePeriodSeconds ?? (query.gracePeriodSeconds ? graceOf(query.gracePeriodSeconds) : undefined);
  if (grace !== undefined && !Number.isInteger(grace))
    throw failure(
      "BadRequest",
      `json: cannot unmarshal ${jsonType(grace)} into Go struct field DeleteOptions.gracePeriodSeconds of type int64`,
    );
  const orphan =
    given.orphanDependents ?? (query.orphanDependents === undefined ? undefined : isSet(query.orphanDependents));
  const policy = given.propagationPolicy ?? query.propagationPolicy;
  const modes = Array.isArray(given.dryRun) ? given.dryRun : query.dryRun === undefined ? [] : [query.dryRun];
  const errors = [...policyProblems(policy, orphan), ...dryRunProblems(modes)];
  if (errors.length > 0) throw invalid("meta.k8s.io", "DeleteOptions", "", errors);
  return {
    gracePeriodSeconds: grace === undefined ? undefined : Number(grace) < 0 ? 1 : Number(grace),
    propagationPolicy: (policy ?? (orphan === true ? "Orphan" : undefined)) as string | undefined,
    preconditions: given.preconditions as DeleteOptions["preconditions"],
    dryRun: modes.length > 0,
  };
}

/** A negative number of seconds means as soon as possible. */
function graceOf(text: string): number {
  return /^-\d+$/.test(text) ? -1 : parseCount(text);
}

const POLICIES = ["Foreground", "Background", "Orphan"];

function policyProblems(policy: unknown, orphan: unknown): FieldError[] {
  const field = "propagationPolicy";
  if (policy === undefined) return [];
  if (orphan !== undefined)
    return [invalidValue(field, policy, "orphanDependents and deletionPropagation cannot be both set")];
  return POLICIES.includes(String(policy)) ? [] : [notSupported(field, policy, [...POLICIES, "nil"])];
}

/** The body of a deletion tells how to delete; anything else is a mistake of the client. */
function rejectOtherKinds({ apiVersion = "v1", kind = "DeleteOptions" }: Record<string, unknown>): void {
  if (kind === "DeleteOptions") return;
  throw failure(
    "BadRequest",
    `no kind "${String(kind)}" is registered for version "${String(apiVersion)}": delete takes DeleteOptions`,
  );
}
