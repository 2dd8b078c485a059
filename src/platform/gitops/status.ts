/** The status of an Application, from what a pass found. Pure. */
import type { Application } from "#api/argoproj.io/application.ts";
import type { Unstructured } from "#api/meta.ts";
import { canonicalJson, deepEqual } from "#kit/json.ts";
import { type Health, worstHealth } from "./health/health.ts";
import { timestamp } from "./operate.ts";
import type { OperationState, Status } from "./operation.ts";
import { waveOf } from "./plan.ts";
import { imagesIn, renderTree, urlsIn, withPodWords } from "./tree.ts";
import type { Item, World } from "./world.ts";

export type Notice = { type: string; message: string };
type Fields = { [K in keyof Status]?: Status[K] | undefined };

const COMPARE_OPTIONS = "argocd.argoproj.io/compare-options";
const IGNORE_HEALTH = "argocd.argoproj.io/ignore-healthcheck";

export type Found = {
  world: World;
  revision: string;
  /** Managed objects and what they own. */
  tree: readonly Unstructured[];
  notices: readonly Notice[];
  operationState: OperationState | undefined;
  history: Status["history"];
};

/** The status after a pass that could compare. `reconciledAt` moves only when something else does, or when asked to. */
export function renderStatus(app: Application, found: Found, options: { now: Date; refreshed: boolean }): Fields {
  const { world, revision, tree, notices, operationState, history } = found;
  const before = app.status ?? {};
  const now = timestamp(options.now);
  const synced = world.items.every((item) => item.inSync || isIgnored(item));
  const images = imagesIn(tree);
  const externalURLs = urlsIn(tree);
  const judged = world.items.flatMap(({ health, target, live }) =>
    health && !(target ?? live)?.metadata.annotations?.[IGNORE_HEALTH] ? [health] : [],
  );
  const fields: Fields = {
    sync: {
      status: synced ? "Synced" : "OutOfSync",
      revision,
      comparedTo: comparedTo(app),
    },
    health: stampHealth(before.health, withPodWords(worstHealth(judged), tree), now),
    resources: world.items
      .map(renderResource)
      .sort((left, right) => (canonicalJson(left) < canonicalJson(right) ? -1 : 1)),
    conditions: stampNotices(before.conditions, [...world.warnings, ...notices], now),
    tree: renderTree(tree),
    summary: { ...(images.length > 0 && { images }), ...(externalURLs.length > 0 && { externalURLs }) },
    sourceType: "Directory",
    operationState,
    history: history?.length ? history : undefined,
  };
  const same = Object.entries(fields).every(([name, value]) =>
    deepEqual(value, (before as Record<string, unknown>)[name]),
  );
  return { ...fields, reconciledAt: same && !options.refreshed ? before.reconciledAt : now };
}

/** The status after a pass that could not: what was known stays, the sync status does not. */
export function renderFailure(app: Application, notice: Notice, options: { now: Date; invalid: boolean }): Fields {
  const before = app.status ?? {};
  const now = timestamp(options.now);
  const health = options.invalid || !before.health ? { status: "Unknown" as const } : (before.health as Health);
  return {
    sync: {
      status: "Unknown",
      ...(before.sync?.revision && { revision: before.sync.revision }),
      comparedTo: comparedTo(app),
    },
    health: stampHealth(before.health, health, now),
    conditions: stampNotices(before.conditions, [notice], now),
  };
}

function comparedTo({ spec }: Application): NonNullable<NonNullable<Status["sync"]>["comparedTo"]> {
  return { ...(spec.source && { source: spec.source }), destination: spec.destination };
}

function renderResource(item: Item): NonNullable<Status["resources"]>[number] {
  const { group, version, kind, namespace, name, health, target, live, refused } = item;
  const wave = waveOf(target ?? live);
  return {
    ...(group && { group }),
    version,
    kind,
    ...(namespace && { namespace }),
    name,
    status: refused ? "Unknown" : item.inSync ? "Synced" : "OutOfSync",
    ...(health && { health }),
    ...(!target && { requiresPruning: true }),
    ...(wave !== 0 && { syncWave: wave }),
  };
}

function isIgnored({ target, live }: Item): boolean {
  return !target && (live?.metadata.annotations?.[COMPARE_OPTIONS] ?? "").includes("IgnoreExtraneous");
}

function stampHealth(before: Status["health"], health: Health, now: string): NonNullable<Status["health"]> {
  const since = before?.status === health.status ? (before.lastTransitionTime ?? now) : now;
  return { ...health, lastTransitionTime: since };
}

function stampNotices(before: Status["conditions"], notices: readonly Notice[], now: string): Status["conditions"] {
  const stamped = notices.map(({ type, message }) => {
    const old = before?.find((other) => other.type === type && other.message === message);
    return { type, message, lastTransitionTime: old?.lastTransitionTime ?? now };
  });
  return stamped.length > 0 ? (stamped as unknown as Status["conditions"]) : undefined;
}
