/** Reconciles kpack Builds: runs each once and records how it ended. A build that was interrupted starts over. */
import { Build, SOURCE_REPOSITORY_ANNOTATION, SOURCE_REVISION_ANNOTATION } from "#api/kpack.io/index.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { findCondition } from "#kit/conditions.ts";
import { BuildFailure, type BuildRequest, type Lifecycle } from "./lifecycle.ts";

type BuildStatus = NonNullable<Build["status"]>;

const CONCURRENT_BUILDS = 2;
const LOG_CHARACTERS = 8_000;
const DEFAULT_DEADLINE_SECONDS = 60 * 60;

export function buildController(lifecycle: Lifecycle): Controller<Build> {
  return controller({
    name: "build/build",
    for: Build,
    concurrency: CONCURRENT_BUILDS,
    async reconcile(build, context): Promise<Outcome<BuildStatus>> {
      const ended = findCondition(build, "Succeeded");
      if (ended?.status === "True") return settled();
      if (ended?.status === "False") return broken("Succeeded", ended.reason ?? "BuildFailed", ended.message ?? "");
      return await run(build, lifecycle, context);
    },
  });
}

async function run(build: Build, lifecycle: Lifecycle, context: Context): Promise<Outcome<BuildStatus>> {
  const startedAt = context.now().toISOString();
  await context.report(waiting("Succeeded", "BuildRunning", "the source is being built", { status: { startedAt } }));
  const lines: string[] = [];
  const tail = (): string => lines.join("\n").slice(-LOG_CHARACTERS);
  const deadline = (build.spec.activeDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS) * 1000;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(deadline)]);
  try {
    const result = await lifecycle.build(requestOf(build, (line) => lines.push(line), signal));
    return settled({
      latestImage: result.image,
      buildMetadata: result.buildpacks,
      stack: { id: "slipway", runImage: result.runImage },
      startedAt,
      finishedAt: context.now().toISOString(),
      log: tail(),
    });
  } catch (error) {
    if (context.signal.aborted || !(error instanceof BuildFailure)) throw error;
    const status = { startedAt, finishedAt: context.now().toISOString(), log: tail() };
    return broken("Succeeded", "BuildFailed", error.message, { status });
  }
}

function requestOf(build: Build, log: (line: string) => void, signal: AbortSignal): BuildRequest {
  const { source, tags, env = [] } = build.spec;
  const { annotations = {} } = build.metadata;
  const revision = annotations[SOURCE_REVISION_ANNOTATION];
  const repository = annotations[SOURCE_REPOSITORY_ANNOTATION];
  if (!source.blob) throw new BuildFailure("only spec.source.blob can be built: point it at a tar.gz of the source");
  return {
    sourceUrl: source.blob.url,
    ...(source.subPath && { subPath: source.subPath }),
    ...(revision && { revision }),
    ...(repository && { repository }),
    tags,
    env,
    log,
    signal,
  };
}
