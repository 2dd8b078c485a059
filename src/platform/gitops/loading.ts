/** What loading an application's source asks for, and what it gives. */
import type { Application } from "#api/argoproj.io/application.ts";
import type { Unstructured } from "#api/meta.ts";

export type Source = NonNullable<Application["spec"]["source"]>;

export type LoadOptions = {
  source: Source;
  /** Overrides the source's own. */
  revision?: string | undefined;
  /** Asks a remote repository now. */
  refresh: boolean;
};

export type Loaded = {
  /** The commit, or the digest of the manifest. */
  revision: string;
  objects: readonly Unstructured[];
  /** When to ask again, in milliseconds; undefined where a push wakes the application. */
  recheckAfter: number | undefined;
};
