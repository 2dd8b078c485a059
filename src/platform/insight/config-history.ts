/** What was written for workloads, to Git by a ConfigCommit or to a registry by a ConfigBundle, in one shape. Pure. */
import type { Unstructured } from "#api/meta.ts";

export type ConfigEntry = {
  /** The commit, or the digest of the bundle. */
  id: string;
  at: string;
  /** The bundle with its digest; a commit has no place of its own. */
  where?: string;
  /** `Slipway-…` trailers of the commit, or labels of the bundle. */
  provenance: { readonly [name: string]: string };
};

type Recorded = {
  commit?: string;
  committedAt?: string;
  digest?: string;
  pushedAt?: string;
  provenance?: Record<string, string>;
};

/** Oldest first. */
export function configHistory({ spec, status }: Unstructured): ConfigEntry[] {
  const { image } = (spec ?? {}) as { image?: string };
  const { history = [] } = (status ?? {}) as { history?: Recorded[] };
  return history.map(({ commit, committedAt, digest, pushedAt, provenance = {} }) => ({
    id: commit ?? digest ?? "",
    at: committedAt ?? pushedAt ?? "",
    ...(image && digest && { where: `${image}@${digest}` }),
    provenance,
  }));
}
