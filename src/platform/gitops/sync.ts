/** Carries out a sync, wave by wave. Each pass goes as far as it can; what is done stands in the operation's state. */

import type { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import { Namespace } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { StatusError } from "#kit/status.ts";
import type { Draft, KubeClient } from "#ports/kube/client.ts";
import { assessHealth } from "./health/assess.ts";
import type { LiveObjects } from "./live.ts";
import type { OperationState, ResourceResult } from "./operation.ts";
import { whyObjectForbidden } from "./permits.ts";
import { planSync, type Task, type Wave } from "./plan.ts";
import { draftOf, type Item, type World } from "./world.ts";

export type SyncOptions = {
  app: Application;
  project: AppProject | undefined;
  /** Of whom the application is synced as. */
  client: KubeClient;
  live: LiveObjects;
  fieldManager: string;
  /** Called with what each apply gave. */
  onApplied: (item: Item, applied: Unstructured) => void;
  /** Only what is out of sync. */
  partial: boolean;
  /** For how long this operation has been running. */
  ageMs: number;
};

export type Step = {
  results: ResourceResult[];
  /** "running": call again when something changes. */
  outcome: "running" | "done" | "failed";
  message: string;
  recheckAfter?: number;
};

const SYNC_OPTIONS = "argocd.argoproj.io/sync-options";
const CRD_PATIENCE_MS = 15_000;
const CRD_RECHECK_MS = 200;

/** One step of the operation in `state`. */
export async function stepSync(state: OperationState, world: World, options: SyncOptions): Promise<Step> {
  const { sync = {} } = state.operation;
  const results = new Map((state.syncResult?.resources ?? []).map((result) => [resultKey(result), result]));
  const chosen = world.items.filter((item) => isChosen(item, sync, options.partial, results));
  const waves = planSync(chosen, { prune: sync.prune ?? false });
  const report = (outcome: Step["outcome"], message: string, recheckAfter?: number): Step => ({
    results: [...results.values()],
    outcome,
    message,
    ...(recheckAfter !== undefined && { recheckAfter }),
  });
  const refused = chosen.filter((item) => item.refused);
  for (const item of refused) results.set(item.key, resultOf(item, "SyncFailed", item.error ?? ""));
  if (refused.length > 0) return report("failed", failureMessage(refused, results, "are not valid"));
  if (sync.dryRun) return dryRun(waves, report);
  const obstacle = await ensureNamespace(world, state, options);
  if (obstacle) return report("failed", obstacle);
  for (const [index, wave] of waves.entries()) {
    const late = await runWave(wave, waves, results, options);
    if (late) return report("running", late, CRD_RECHECK_MS);
    const failed = wave.tasks.flatMap(({ item }) => (results.get(item.key)?.status === "SyncFailed" ? item : []));
    if (failed.length > 0) return report("failed", failureMessage(failed, results));
    if (index === waves.length - 1) break;
    const pending = unhealthy(wave, options);
    if (pending?.degraded) return report("failed", `${pending.words} and the next wave waits for it`);
    if (pending) return report("running", `waiting for healthy state of ${pending.words}`);
  }
  return report("done", "successfully synced (all tasks run)");
}

function dryRun(waves: readonly Wave<Item>[], report: (outcome: Step["outcome"], message: string) => Step): Step {
  const broken = waves.flatMap(({ tasks }) => tasks).find(({ item }) => item.error);
  if (!broken) return report("done", "successfully synced (dry run)");
  return report("failed", `one or more objects failed to apply (dry run): ${broken.item.error}`);
}

function isChosen(
  item: Item,
  sync: NonNullable<OperationState["operation"]["sync"]>,
  partial: boolean,
  results: ReadonlyMap<string, ResourceResult>,
): boolean {
  if (partial && item.inSync && !results.has(item.key)) return false;
  if (!sync.resources?.length) return true;
  return sync.resources.some(
    ({ group = "", kind, name, namespace = item.namespace }) =>
      group === item.group && kind === item.kind && name === item.name && namespace === item.namespace,
  );
}

/** Returns why the namespace cannot be, if it cannot. */
async function ensureNamespace(world: World, state: OperationState, options: SyncOptions): Promise<string | undefined> {
  const { app, client, live, project, fieldManager } = options;
  const name = app.spec.destination.namespace;
  const wanted = [...(state.operation.sync?.syncOptions ?? []), ...(app.spec.syncPolicy?.syncOptions ?? [])];
  if (!name || !wanted.includes("CreateNamespace=true")) return undefined;
  if (world.items.some(({ kind, group, name: own }) => kind === "Namespace" && group === "" && own === name))
    return undefined;
  const managed = app.spec.syncPolicy?.managedNamespaceMetadata;
  const resource = await live.follow("v1", "Namespace");
  if (!managed && resource && live.get(resource, name, "")) return undefined;
  const refusal = whyObjectForbidden({ group: "", kind: "Namespace", namespace: "", name }, false, project);
  if (refusal) return `namespace ${name} cannot be made: ${refusal}`;
  const draft = { metadata: { name, ...managed } } as Draft<k8s.Namespace>;
  try {
    await client.apply(Namespace, draft, { fieldManager });
    return undefined;
  } catch (error) {
    if (!(error instanceof StatusError) || error.code >= 500) throw error;
    return `namespace ${name} cannot be made: ${error.message}`;
  }
}

/** Runs what of the wave has not run yet. Returns what has to come first, if something has. */
async function runWave(
  wave: Wave<Item>,
  waves: readonly Wave<Item>[],
  results: Map<string, ResourceResult>,
  options: SyncOptions,
): Promise<string | undefined> {
  for (const task of wave.tasks) {
    const { item } = task;
    if (results.has(item.key)) continue;
    if (!item.resource && task.action === "apply") {
      const resource = await options.live.follow(item.target?.apiVersion ?? "", item.kind);
      const defined = waves.some(({ tasks }) => tasks.some(({ item: other }) => defines(other, item)));
      if (!resource && defined && options.ageMs < CRD_PATIENCE_MS) return `waiting for kind ${item.kind} to be served`;
      item.resource = resource;
    }
    results.set(item.key, await runTask(task, options));
  }
  return undefined;
}

function defines(definition: Item, { group, kind }: Item): boolean {
  if (definition.kind !== "CustomResourceDefinition") return false;
  const spec = definition.target?.spec as { group?: string; names?: { kind?: string } } | undefined;
  return spec?.group === group && spec?.names?.kind === kind;
}

async function runTask({ action, item }: Task<Item>, options: SyncOptions): Promise<ResourceResult> {
  const { kind, name } = item;
  const result = (status: string, message: string): ResourceResult => resultOf(item, status, message);
  try {
    if (action === "prune") return result(...(await prune(item, options)));
    if (item.inSync) return result("Synced", `${kind.toLowerCase()}/${name} unchanged`);
    if (!item.resource || !item.target) return result("SyncFailed", item.error ?? "its kind is not served");
    const applied = await options.client.apply(item.resource, draftOf(item.target), {
      fieldManager: options.fieldManager,
      force: true,
    });
    options.live.observe(item.resource, applied);
    options.onApplied(item, applied);
    return result("Synced", `${kind.toLowerCase()}/${name} ${item.live ? "configured" : "created"}`);
  } catch (error) {
    if (!(error instanceof StatusError) || error.code >= 500) throw error;
    return result("SyncFailed", error.message);
  }
}

function resultOf({ group, version, kind, namespace, name }: Item, status: string, message: string): ResourceResult {
  return { group, version, kind, namespace, name, status, message, syncPhase: "Sync" };
}

async function prune({ live, resource, name, namespace }: Item, { client }: SyncOptions): Promise<[string, string]> {
  if (hasOption(live, "Prune=false")) return ["PruneSkipped", "ignored (no prune)"];
  if (!live || !resource) return ["Pruned", "pruned"];
  const { uid } = live.metadata;
  await client.delete(resource, { name, namespace: namespace || undefined }, { ...(uid && { uid }) });
  return ["Pruned", "pruned"];
}

/** True when the object's own sync options hold `option`. */
export function hasOption(object: Item["live"], option: string): boolean {
  const options = object?.metadata.annotations?.[SYNC_OPTIONS] ?? "";
  return options.split(",").some((one) => one.trim() === option);
}

/** The first thing of the wave that the next wave has to wait for. */
function unhealthy({ tasks }: Wave<Item>, { live }: SyncOptions): { words: string; degraded: boolean } | undefined {
  for (const { action, item } of tasks) {
    const there = item.resource && live.get(item.resource, item.name, item.namespace);
    const words = `${item.group ? `${item.group}/` : ""}${item.kind}/${item.name}`;
    if (action === "prune") {
      if (there && !hasOption(there, "Prune=false")) return { words, degraded: false };
      continue;
    }
    const health = there ? assessHealth(there) : { status: "Progressing" };
    if (health?.status === "Degraded") return { words: `${words} is degraded`, degraded: true };
    if (health && health.status !== "Healthy") return { words, degraded: false };
  }
  return undefined;
}

function failureMessage(
  failed: readonly Item[],
  results: ReadonlyMap<string, ResourceResult>,
  what = "completed unsuccessfully",
): string {
  const words = failed.map(({ kind, name, key }) => `${kind} ${name}: ${results.get(key)?.message}`);
  return `one or more synchronization tasks ${what}, reason: ${words.join("; ")}`.slice(0, 1000);
}

function resultKey({ group, kind, namespace, name }: ResourceResult): string {
  return `${group}/${kind}/${namespace}/${name}`;
}
