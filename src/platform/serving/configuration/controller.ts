import { Configuration, LABELS, Revision } from "#api/serving.knative.dev/index.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import type { Outcome } from "#engine/controller/outcome.ts";
import { findCondition } from "#kit/conditions.ts";
import { deepEqual } from "#kit/json.ts";
import { failed, rollUp, TRUE, unknown, type Verdict } from "../conditions.ts";
import { isForeign } from "../metadata.ts";
import { revisionName } from "../names.ts";
import { describe, validateTemplate } from "../validate.ts";
import { type GcSettings, planGc } from "./gc.ts";
import { generationOf, newestReady } from "./latest.ts";
import { nameOfLatest, revisionOf, withDefaults } from "./revision.ts";

type Status = NonNullable<Configuration["status"]>;

/** How many generations back a late but ready revision is looked for. */
const LOOK_BACK = 100;

/** Reconciles Configurations. */
export function configurationController(gc: GcSettings): Controller<Configuration> {
  return controller<Configuration>({
    name: "serving/configuration",
    for: Configuration,
    owns: [Revision],
    async reconcile(configuration, context) {
      const problems = validateTemplate(configuration.metadata.name, configuration.spec.template);
      if (problems.length > 0) return conclude(configuration, failed("ValidationFailed", describe(problems)), context);
      const latest = await ensureLatest(configuration, context);
      if (!latest) return conclude(configuration, taken(configuration), context);
      const outcome = await conclude(configuration, verdictOn(latest), context, latest);
      await collectGarbage(configuration, outcome.status?.latestReadyRevisionName, gc, context);
      return outcome;
    },
  });
}

/** The Revision of the present generation, made if need be; undefined when its name belongs to a different one. */
async function ensureLatest(configuration: Configuration, context: Context): Promise<Revision | undefined> {
  const { namespace } = configuration.metadata;
  const { template } = configuration.spec;
  if (!template) return undefined;
  const existing = await context.get(Revision, nameOfLatest(configuration), namespace);
  if (!existing) return await context.apply(Revision, revisionOf(configuration, template));
  if (isForeign(existing, configuration)) return undefined;
  const { generation = 1 } = configuration.metadata;
  if (generationOf(existing) === generation) return existing;
  if (!deepEqual(existing.spec, withDefaults(template.spec))) return undefined;
  const labels = { [LABELS.configurationGeneration]: String(generation) };
  return await context.patch(Revision, { name: existing.metadata.name, namespace }, { metadata: { labels } });
}

function taken(configuration: Configuration): Verdict {
  const name = nameOfLatest(configuration);
  return failed("RevisionNameTaken", `Revision name "${name}" is already taken by a different revision.`);
}

function verdictOn(latest: Revision): Verdict {
  const ready = findCondition(latest, "Ready");
  const { name } = latest.metadata;
  if (ready?.status === "True") return TRUE;
  if (ready?.status !== "False") return unknown();
  return failed("RevisionFailed", `Revision "${name}" failed with message: ${ready.message ?? ready.reason ?? ""}.`);
}

async function conclude(
  configuration: Configuration,
  verdict: Verdict,
  context: Context,
  latest?: Revision,
): Promise<Outcome<Status>> {
  const ready = await findLatestReady(configuration, latest, context);
  const status = {
    latestCreatedRevisionName: latest?.metadata.name ?? configuration.status?.latestCreatedRevisionName,
    latestReadyRevisionName: ready?.metadata.name,
  };
  return rollUp<Status>({ Ready: verdict }, { status });
}

/** Moves forward only: a failed newest revision does not keep a ready one before it from taking over. */
async function findLatestReady(
  configuration: Configuration,
  latest: Revision | undefined,
  context: Context,
): Promise<Revision | undefined> {
  const { name, namespace, generation = 1 } = configuration.metadata;
  const { latestReadyRevisionName, latestCreatedRevisionName } = configuration.status ?? {};
  const current = latestReadyRevisionName ? await context.get(Revision, latestReadyRevisionName, namespace) : undefined;
  const names = new Set(latestCreatedRevisionName ? [latestCreatedRevisionName] : []);
  const oldest = Math.max(generationOf(current) + 1, generation - LOOK_BACK, 1);
  for (let older = oldest; older < generation; older++) names.add(revisionName(name, older));
  const found = await Promise.all([...names].map((other) => context.get(Revision, other, namespace)));
  return newestReady(
    current,
    [...found, latest].filter((revision) => revision !== undefined),
  );
}

/** Looks at all revisions only when a new one took over and there can be more of them than are kept anyway. */
async function collectGarbage(
  configuration: Configuration,
  latestReady: string | undefined,
  settings: GcSettings,
  context: Context,
): Promise<void> {
  const { namespace, name, generation = 1 } = configuration.metadata;
  const tookOver = latestReady !== configuration.status?.latestReadyRevisionName;
  if (!tookOver || generation <= settings.minNonActive + 1) return;
  const labels = { [LABELS.configuration]: name };
  const revisions = await context.list(Revision, { namespace, labels });
  const latestCreated = nameOfLatest(configuration);
  const keep = new Set([latestCreated, latestReady ?? latestCreated]);
  for (const old of planGc(revisions, { keep, now: context.now(), settings })) {
    await context.delete(Revision, { name: old, namespace });
    context.event("Normal", "RevisionDeleted", `Deleted revision ${old}: it has had no traffic for long`);
  }
}
