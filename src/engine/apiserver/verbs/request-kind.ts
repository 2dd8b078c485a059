/** Bodies that are no object of the resource, but ask for something that is done with it. */
import { parseApiVersion } from "#api/meta.ts";
import { failure } from "#kit/status.ts";

type Expected = { readonly kind: string; readonly group: string; readonly apiVersions: readonly string[] };

/** Throws BadRequest when a body says that it is of another kind than expected; it need not say anything. */
export function requireKind(body: Record<string, unknown>, { kind, group, apiVersions }: Expected): void {
  const given = String(body.kind ?? kind);
  const apiVersion = String(body.apiVersion ?? apiVersions[0]);
  if (given === kind && apiVersions.includes(apiVersion)) return;
  const { version } = parseApiVersion(apiVersion);
  const conversion = `converting (${version}.${given}) to (${group}.${kind}): unknown conversion`;
  throw failure("BadRequest", `${given} in version "${version}" cannot be handled as a ${kind}: ${conversion}`);
}
