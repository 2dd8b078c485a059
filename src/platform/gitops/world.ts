/** What an application wants against what is there. */
import type { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import { parseApiVersion, type ResourceRef, type Unstructured } from "#api/meta.ts";
import { canonicalJson } from "#kit/json.ts";
import { sha256 } from "#kit/names.ts";
import { hasReason, StatusError } from "#kit/status.ts";
import type { Draft, KubeClient } from "#ports/kube/client.ts";
import { type IgnoreRule, ignoredPointers, isDifferent, stampOf } from "./compare.ts";
import { assessHealth } from "./health/assess.ts";
import { type Health, health } from "./health/health.ts";
import type { LiveObjects } from "./live.ts";
import { whyObjectForbidden } from "./permits.ts";
import type { SyncItem } from "./plan.ts";
import { planTargets, type Target, type Warning } from "./targets.ts";
import { identityKey, identityOf } from "./tracking.ts";

/** One object: wanted, there, or both. */
export type Item = SyncItem & {
  version: string;
  /** Where its kind is served; undefined when it is not. */
  resource: ResourceRef | undefined;
  inSync: boolean;
  health: Health | undefined;
  /** Why it cannot be applied, as far as a dry run tells. */
  error: string | undefined;
  /** It is not the application's to have: the project does not permit it. */
  refused?: true;
};

export type World = { items: Item[]; warnings: Warning[]; targets: number };

/** Verdicts of earlier dry runs by object, so that nothing is compared twice. */
export type Verdicts = Map<string, Verdict & { target: string; stamp: string; rights: string }>;

type Verdict = {
  differs: boolean;
  error: string | undefined;
  /** Whoever asks may not know that it is there. */
  hidden: boolean;
};

export type WorldOptions = {
  app: Application;
  instance: string;
  live: LiveObjects;
  /** Of whom the application is synced as. */
  client: KubeClient;
  /** What they may do; see {@link Actor}. */
  rights: string;
  project: AppProject | undefined;
  verdicts: Verdicts;
  fieldManager: string;
};

/** Compares the objects from Git with the live ones, by a dry run of the apply where both are there. */
export async function compareWorld(objects: readonly Unstructured[], options: WorldOptions): Promise<World> {
  const { app, instance, live } = options;
  const resources = await followKinds(objects, app, live);
  const { targets, warnings } = planTargets(objects, {
    instance,
    destinationNamespace: app.spec.destination.namespace ?? "",
    isNamespaced: (apiVersion, kind) => {
      const scope = resources.get(`${apiVersion}/${kind}`)?.scope;
      return scope && scope === "Namespaced";
    },
  });
  const wanted = new Set(targets.map(({ key }) => key));
  const items = await Promise.all(
    targets.map((target) => toItem(target, resources.get(`${target.object.apiVersion}/${target.kind}`), options)),
  );
  const extra = live
    .managedBy(instance)
    .filter((object) => !wanted.has(identityKey(identityOf(object))) && !isSelf(object, app))
    .filter((object) => whyLiveForbidden(object, options.project) === undefined)
    .map((object) => toExtra(object, resources));
  return { items: [...items, ...extra], warnings, targets: targets.length };
}

/** Follows the kinds that are in Git and those that were there when it was last looked. */
async function followKinds(
  objects: readonly Unstructured[],
  app: Application,
  live: LiveObjects,
): Promise<Map<string, ResourceRef | undefined>> {
  const before = (app.status?.resources ?? []).map(({ group, version = "", kind = "" }) => ({
    apiVersion: group ? `${group}/${version}` : version,
    kind,
  }));
  const found = new Map<string, ResourceRef | undefined>();
  for (const { apiVersion, kind } of [...objects, ...before]) {
    const key = `${apiVersion}/${kind}`;
    if (!found.has(key)) found.set(key, await live.follow(apiVersion, kind));
  }
  return found;
}

async function toItem(target: Target, resource: ResourceRef | undefined, options: WorldOptions): Promise<Item> {
  const { group, version, kind, namespace, name, key, object } = target;
  const there = resource && options.live.get(resource, name, namespace);
  const common = { group, version, kind, namespace, name, key, target: object, live: there, resource };
  if (!resource) {
    const error = `no matches for kind "${kind}" in version "${object.apiVersion}"`;
    return { ...common, inSync: false, health: health("Missing"), error };
  }
  if (resource.scope === "Namespaced" && !namespace) {
    const error = "namespace is missing: set it in the manifest or in spec.destination.namespace";
    return { ...common, inSync: false, health: health("Missing"), error };
  }
  const refusal = whyObjectForbidden(target, resource.scope === "Namespaced", options.project);
  if (refusal) return { ...common, live: undefined, inSync: false, health: undefined, error: refusal, refused: true };
  if (!there) return { ...common, inSync: false, health: health("Missing"), error: undefined };
  const { differs, error, hidden } = await judge(target, there, resource, options);
  if (hidden) return { ...common, live: undefined, inSync: false, health: health("Missing"), error };
  return { ...common, inSync: !differs, health: assessHealth(there), error };
}

/** Why the project does not let an application have an object that is there, or undefined. */
export function whyLiveForbidden(object: Unstructured, project: AppProject | undefined): string | undefined {
  return whyObjectForbidden(identityOf(object), object.metadata.namespace !== undefined, project);
}

async function judge(
  target: Target,
  live: Unstructured,
  resource: ResourceRef,
  { app, client, rights, verdicts, fieldManager }: WorldOptions,
): Promise<Verdict> {
  const pointers = ignoredPointers((app.spec.ignoreDifferences ?? []) as IgnoreRule[], target);
  const [digest, stamp] = [digestOf(target.object, pointers), stampOf(live)];
  const known = verdicts.get(target.key);
  if (known?.target === digest && known.stamp === stamp && known.rights === rights) return known;
  let verdict: Verdict;
  try {
    const predicted = await client.apply(resource, draftOf(target.object), { fieldManager, force: true, dryRun: true });
    verdict = { differs: isDifferent(live, predicted, pointers), error: undefined, hidden: false };
  } catch (error) {
    if (!(error instanceof StatusError) || error.code >= 500) throw error;
    verdict = { differs: true, error: error.message, hidden: hasReason(error, "Forbidden") };
  }
  verdicts.set(target.key, { target: digest, stamp, rights, ...verdict });
  return verdict;
}

/** Notes that `applied` is what the apply of the item gave: there is nothing to compare until one of the two changes. */
export function noteApplied(
  item: Item,
  applied: Unstructured,
  { app, rights, verdicts }: Pick<WorldOptions, "app" | "rights" | "verdicts">,
): void {
  const pointers = ignoredPointers((app.spec.ignoreDifferences ?? []) as IgnoreRule[], item);
  const target = digestOf(item.target, pointers);
  verdicts.set(item.key, { target, stamp: stampOf(applied), rights, differs: false, error: undefined, hidden: false });
}

function digestOf(target: Unstructured | undefined, pointers: readonly string[]): string {
  return sha256(canonicalJson([target, pointers]));
}

function toExtra(object: Unstructured, resources: ReadonlyMap<string, ResourceRef | undefined>): Item {
  const identity = identityOf(object);
  return {
    ...identity,
    key: identityKey(identity),
    version: parseApiVersion(object.apiVersion).version,
    live: object,
    resource: resources.get(`${object.apiVersion}/${object.kind}`),
    inSync: false,
    health: assessHealth(object),
    error: undefined,
  };
}

function isSelf(object: Unstructured, app: Application): boolean {
  return object.metadata.uid !== undefined && object.metadata.uid === app.metadata.uid;
}

/** The object as it is sent to be applied. */
export function draftOf(object: Unstructured): Draft<Unstructured> {
  const { apiVersion: _apiVersion, kind: _kind, status: _status, ...draft } = object;
  return draft as Draft<Unstructured>;
}
