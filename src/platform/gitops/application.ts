/** Reconciles Applications: load from Git or a registry, compare with the cluster, sync, judge health. */
import { Application } from "#api/argoproj.io/application.ts";
import { keyOf } from "#api/meta.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { type Admission, admit } from "./admission.ts";
import { Cascade } from "./cascade.ts";
import { LiveObjects } from "./live.ts";
import type { Loaded, Source } from "./loading.ts";
import { advanceOperation, beginOperation, extendHistory, isRunning, timestamp } from "./operate.ts";
import { decideAutoSync, type Operation, type OperationState, type Status } from "./operation.ts";
import { whyForbidden, whyInvalid } from "./permits.ts";
import { ManifestSource, type SourceDependencies, whyNotLoaded } from "./source.ts";
import { type Notice, renderFailure, renderStatus } from "./status.ts";
import { instanceKey, instanceName } from "./tracking.ts";
import { growTree } from "./tree.ts";
import { compareWorld, noteApplied, type Verdicts, type World, type WorldOptions } from "./world.ts";

export type GitopsDependencies = SourceDependencies & { cache: ObjectCache };

const REFRESH = "argocd.argoproj.io/refresh";
const SKIP = "argocd.argoproj.io/skip-reconcile";
const FIELD_MANAGER = "argocd-controller";
const RETRY_LOAD_MS = 10_000;

/** See {@link GitopsDependencies}. A push, and any change to a managed object or its children, wakes the application. */
export function applicationController(dependencies: GitopsDependencies): Controller<Application> {
  const { cache, controlNamespace } = dependencies;
  const source = new ManifestSource(dependencies);
  const woken = new Set<(key: string) => void>();
  const live = new LiveObjects(cache, (instance) => {
    for (const wake of woken) wake(instanceKey(instance, controlNamespace));
  });
  const memories = new Map<string, Memory>();
  const cascade = new Cascade(live, cache.client);
  return controller({
    name: "gitops/application",
    for: Application,
    concurrency: 16,
    wakes: (wake) => {
      woken.add(wake);
      const stop = source.wakeOnPush(wake);
      return () => {
        stop();
        woken.delete(wake);
        live.close();
      };
    },
    async reconcile(app, context): Promise<Outcome<Status>> {
      const key = keyOf(app);
      const memory = memories.get(key) ?? { verdicts: new Map(), failedWith: undefined };
      memories.set(key, memory);
      const admission = await admit(app, context, controlNamespace);
      return await new ApplicationPass(app, context, { source, live, memory, admission, controlNamespace }).run();
    },
    async finalize(app, context): Promise<void> {
      const admission = await admit(app, context, controlNamespace);
      const deleter = {
        project: admission.project,
        client: admission.actor?.client,
        isLimited: admission.account !== undefined || admission.refused !== undefined,
      };
      await cascade.run(app, instanceName(app.metadata, controlNamespace), deleter, context);
      source.forget(keyOf(app));
      memories.delete(keyOf(app));
    },
  });
}

/** What is kept of an application from pass to pass. */
type Memory = {
  verdicts: Verdicts;
  /** The rights with which the last sync failed. */
  failedWith: string | undefined;
};

type PassTools = {
  source: ManifestSource;
  live: LiveObjects;
  memory: Memory;
  admission: Admission;
  controlNamespace: string;
};

/** One pass over one application. */
class ApplicationPass {
  private readonly app: Application;
  private readonly context: Context;
  private readonly tools: PassTools;
  private readonly refresh: boolean;
  private readonly world: WorldOptions;

  constructor(app: Application, context: Context, tools: PassTools) {
    this.app = app;
    this.context = context;
    this.tools = tools;
    this.refresh = app.metadata.annotations?.[REFRESH] !== undefined;
    const { live, memory, admission, controlNamespace } = tools;
    const { client = context.client, rights = "" } = admission.actor ?? {};
    const instance = instanceName(app.metadata, controlNamespace);
    const { project } = admission;
    const { verdicts } = memory;
    this.world = { app, instance, live, client, rights, project, verdicts, fieldManager: FIELD_MANAGER };
  }

  async run(): Promise<Outcome<Status>> {
    const { app, context } = this;
    if (app.metadata.annotations?.[SKIP] === "true") return settled();
    const { project, refused } = this.tools.admission;
    const invalid = whyInvalid(app.spec) ?? whyForbidden(app, project) ?? refused;
    if (invalid) return await this.fail({ type: "InvalidSpecError", message: invalid }, { invalid: true });
    const { why } = this.tools.admission;
    if (why) return await this.fail({ type: "ComparisonError", message: why }, {});
    let loaded: Loaded;
    try {
      loaded = await this.load(app.spec.source as Source);
    } catch (error) {
      const why = whyNotLoaded(error);
      if (why === undefined) throw error;
      return await this.fail({ type: "ComparisonError", message: why }, { recheckAfter: RETRY_LOAD_MS });
    }
    const found = await this.operate(loaded);
    if (this.refresh) await this.unannotate();
    const status = renderStatus(app, found, { now: context.now(), refreshed: this.refresh });
    const rechecks = [loaded.recheckAfter, found.recheckAfter].filter((delay) => delay !== undefined);
    return settled(status, rechecks.length > 0 ? { recheckAfter: Math.min(...rechecks) } : {});
  }

  private load(source: Source, revision?: string): Promise<Loaded> {
    return this.tools.source.load(this.app, this.context, { source, revision, refresh: this.refresh });
  }

  private async fail(notice: Notice, more: { invalid?: boolean; recheckAfter?: number }): Promise<Outcome<Status>> {
    if (this.refresh) await this.unannotate();
    if (this.app.operation) await this.refuse(this.app.operation, notice.message);
    const status = renderFailure(this.app, notice, { now: this.context.now(), invalid: more.invalid ?? false });
    return settled(status, more.recheckAfter === undefined ? {} : { recheckAfter: more.recheckAfter });
  }

  private async operate(loaded: Loaded) {
    const { app, context } = this;
    const { memory } = this.tools;
    const before = app.status?.operationState;
    let world = await compareWorld(loaded.objects, this.world);
    const chosen = await this.chooseOperation(loaded, world);
    const notices: Notice[] = chosen.notice ? [chosen.notice] : [];
    let state = chosen.state ?? before;
    let history = app.status?.history;
    let recheckAfter = chosen.recheckAfter;
    if (isRunning(chosen.state)) {
      const partial = (chosen.state.operation.sync?.autoHealAttemptsCount ?? 0) > 0;
      const target = await this.targetOf(chosen.state, loaded, world);
      const options = {
        ...this.world,
        onApplied: (item: World["items"][number], applied: Parameters<typeof noteApplied>[1]) =>
          noteApplied(item, applied, this.world),
        partial,
        retryNow: memory.failedWith !== undefined && memory.failedWith !== this.world.rights,
      };
      const step = await advanceOperation(chosen.state, target, options, context.now());
      state = step.state;
      memory.failedWith = state.finishedAt && state.phase !== "Succeeded" ? this.world.rights : undefined;
      recheckAfter = step.recheckAfter;
      if (!isRunning(state)) {
        history = extendHistory(app, state, partial);
        this.announce(state);
      }
      world = await compareWorld(loaded.objects, this.world);
    }
    const managed = world.items.flatMap(({ live }) => (live ? [live] : []));
    const tree = await growTree(managed, this.tools.live);
    return { world, revision: loaded.revision, tree, notices, operationState: state, history, recheckAfter };
  }

  /** The operation to go on with: one that somebody asked for, the one that runs, or one that the policy asks for. */
  private async chooseOperation(
    loaded: Loaded,
    world: World,
  ): Promise<{ state?: OperationState; notice?: Notice; recheckAfter?: number }> {
    const { app, context } = this;
    const now = context.now();
    if (app.operation) return { state: await this.accept(app.operation) };
    const running = app.status?.operationState;
    const superseded =
      running?.operation.initiatedBy?.automated === true && running.syncResult?.revision !== loaded.revision;
    if (isRunning(running) && !superseded) return { state: running };
    const changed = world.items.filter((item) => item.target && !item.inSync).length;
    const extra = world.items.filter((item) => !item.target).length;
    const finding = { revision: loaded.revision, changed, extra, targets: world.targets };
    const decision = decideAutoSync(app, finding, now);
    switch (decision.kind) {
      case "start": {
        const target = { revision: loaded.revision, source: app.spec.source };
        return { state: beginOperation(decision.operation, target, now) };
      }
      case "wait":
        return { recheckAfter: decision.milliseconds };
      case "refuse":
        return { notice: { type: "SyncError", message: decision.message } };
      case "none":
        return {};
    }
  }

  /** Takes `.operation` off the object and records it as begun, in one write. */
  private async accept(operation: Operation): Promise<OperationState> {
    const source = operation.sync?.source ?? this.app.spec.source;
    try {
      const { revision } = await this.load(source as Source, operation.sync?.revision);
      return await this.record(beginOperation(operation, { revision, source }, this.context.now()));
    } catch (error) {
      const why = whyNotLoaded(error);
      if (why === undefined) throw error;
      return await this.refuse(operation, why);
    }
  }

  /** Ends an operation that cannot even begin. */
  private async refuse(operation: Operation, message: string): Promise<OperationState> {
    const startedAt = timestamp(this.context.now());
    return await this.record({ phase: "Error", operation, message, startedAt, finishedAt: startedAt });
  }

  private async record(state: OperationState): Promise<OperationState> {
    const { name, namespace } = this.app.metadata;
    const cleared = { finishedAt: null, retryCount: null, message: null, syncResult: null };
    const body = { operation: null, status: { operationState: { ...cleared, ...state } } };
    await this.context.patch(Application, { name, namespace }, body);
    return state;
  }

  /** The world that an operation aims at: of its own revision and source, not of the newest. */
  private async targetOf(state: OperationState, loaded: Loaded, world: World): Promise<World> {
    const { revision = loaded.revision, source = this.app.spec.source } = state.syncResult ?? {};
    if (revision === loaded.revision && !state.operation.sync?.source) return world;
    const { objects } = await this.load(source as Source, revision);
    return await compareWorld(objects, this.world);
  }

  private announce({ phase, message, syncResult }: OperationState): void {
    const revision = syncResult?.revision.replace(/^sha256:/, "").slice(0, 7);
    if (phase === "Succeeded")
      this.context.event("Normal", "OperationCompleted", `Sync operation to ${revision} succeeded`);
    else this.context.event("Warning", "OperationCompleted", `Sync operation to ${revision} failed: ${message}`);
  }

  private async unannotate(): Promise<void> {
    const { name, namespace } = this.app.metadata;
    await this.context.patch(Application, { name, namespace }, { metadata: { annotations: { [REFRESH]: null } } });
  }
}
