/** Lists what traces are made of. */

import { Build } from "#api/kpack.io/index.ts";
import type { Unstructured } from "#api/meta.ts";
import { Revision } from "#api/serving.knative.dev/index.ts";
import { ConfigBundle } from "#api/slipway.dev/config-bundle.ts";
import { ConfigCommit } from "#api/slipway.dev/config-commit.ts";
import type { Reader } from "./reader.ts";
import type { TraceWorld } from "./trace.ts";

/** Of one namespace, or of all. Kinds that the cluster does not serve count as empty. */
export async function readTraceWorld(reader: Reader, namespace?: string): Promise<TraceWorld> {
  const list = ({ group, version, kind }: { group: string; version: string; kind: string }): Promise<Unstructured[]> =>
    reader.list(`${group}/${version}`, kind, namespace === undefined ? {} : { namespace });
  const [builds, commits, bundles, revisions] = await Promise.all(
    [Build, ConfigCommit, ConfigBundle, Revision].map(list),
  );
  return { builds: builds ?? [], configs: [...(commits ?? []), ...(bundles ?? [])], revisions: revisions ?? [] };
}
