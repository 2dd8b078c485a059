/** The autoscaler: keeps each revision's Deployment at the scale that its requests need, down to zero. */
import { PodAutoscaler } from "#api/autoscaling.internal.knative.dev/index.ts";
import { Deployment } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { keyOf } from "#api/meta.ts";
import { ANNOTATIONS } from "#api/serving.knative.dev/index.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import type { Outcome } from "#engine/controller/outcome.ts";
import { findCondition, isTrue } from "#kit/conditions.ts";
import { failed, rollUp, TRUE, unknown, type Verdict } from "../conditions.ts";
import { Activities, type Activity } from "./activity.ts";
import { planScale, type ScalePlan, type ScaleWorld } from "./plan.ts";
import { parseDuration, settingsOf } from "./settings.ts";
import type { TrafficPort } from "./traffic-port.ts";

type Status = NonNullable<PodAutoscaler["status"]>;

const PROGRESS_DEADLINE_MS = 600_000;
/** How soon a revision that was busy when it should rest is asked again. */
const BUSY_RETRY_MS = 1000;

export type AutoscalerOptions = { traffic: TrafficPort; clock?: () => Date };

/** Reconciles PodAutoscalers: on requests at once, otherwise only while there is something to see. */
export function autoscalerController({
  traffic,
  clock = () => new Date(),
}: AutoscalerOptions): Controller<PodAutoscaler> {
  const activities = new Activities();
  return controller<PodAutoscaler>({
    name: "serving/autoscaler",
    for: PodAutoscaler,
    wakes: (wake, known) => listen(traffic, { activities, clock, wake, known }),
    async reconcile(autoscaler, context) {
      const activity = activities.of(keyOf(autoscaler));
      const { scaleTargetRef } = autoscaler.spec;
      const deployment = await context.get(Deployment, scaleTargetRef.name ?? "", autoscaler.metadata.namespace);
      if (!deployment) return report(autoscaler, { desired: 0, ready: 0, waiting: true });
      const world = worldOf(autoscaler, deployment, activity, context.now().getTime());
      const plan = planScale(world);
      activity.memory = plan.memory;
      const { desired, recheckAfter } = await settle(autoscaler, world, plan, traffic);
      if (desired !== world.current) await scaleTo(deployment, desired, context);
      if (plan.timedOut) activities.forget(keyOf(autoscaler));
      else if (desired === 0) activities.rest(keyOf(autoscaler));
      return report(autoscaler, {
        desired,
        ready: desired === 0 ? 0 : world.ready,
        timedOut: plan.timedOut,
        recheckAfter,
      });
    },
  });
}

type Listening = {
  activities: Activities;
  clock: () => Date;
  wake: (key: string) => void;
  known: { keys(): readonly string[] };
};

function listen(traffic: TrafficPort, { activities, clock, wake, known }: Listening): () => void {
  const stopDemand = traffic.onDemand((revision) => {
    activities.of(revision).demanded(clock().getTime());
    wake(revision);
  });
  const stopStats = traffic.onStats((stats) => {
    for (const one of stats) {
      activities.of(one.revision).report(clock().getTime(), one);
      if (one.concurrency > 0 || one.requests > 0) wake(one.revision);
    }
    activities.prune(known);
  });
  return () => {
    stopDemand();
    stopStats();
  };
}

function worldOf(autoscaler: PodAutoscaler, deployment: k8s.Deployment, activity: Activity, now: number): ScaleWorld {
  const settings = settingsOf(autoscaler);
  const current = deployment.spec.replicas ?? 1;
  const ready = current === 0 ? 0 : (deployment.status?.readyReplicas ?? 0);
  if (ready > 0) activity.running(now);
  const load = settings.metric === "rps" ? activity.requests : activity.concurrency;
  const active = findCondition(autoscaler, "Active");
  return {
    now,
    settings,
    reachability: autoscaler.spec.reachability ?? "Unknown",
    initialised: isTrue(autoscaler, "ScaleTargetInitialized") || ready >= settings.initialScale,
    progressDeadlineMs:
      parseDuration(autoscaler.metadata.annotations?.[ANNOTATIONS.progressDeadline] ?? "") ?? PROGRESS_DEADLINE_MS,
    current,
    ready,
    load: load.hasData
      ? { stable: load.average(now, settings.stableWindowMs), panic: load.average(now, settings.panicWindowMs) }
      : undefined,
    memory: activity.memory,
    demand: activity.demand,
    lastActive: activity.lastActive,
    activatingSince: active?.status === "Unknown" ? Date.parse(active.lastTransitionTime ?? "") : undefined,
  };
}

/** Asks the gateway when the revision may rest: requests that come meanwhile wait there, none is lost. */
async function settle(
  autoscaler: PodAutoscaler,
  world: ScaleWorld,
  plan: ScalePlan,
  traffic: TrafficPort,
): Promise<{ desired: number; recheckAfter?: number | undefined }> {
  if (!plan.mayRest) return { desired: plan.scale, recheckAfter: plan.recheckAfter };
  if (await traffic.deactivate(keyOf(autoscaler))) return { desired: 0 };
  return { desired: Math.min(plan.scale, world.current), recheckAfter: BUSY_RETRY_MS };
}

async function scaleTo({ metadata }: k8s.Deployment, replicas: number, context: Context): Promise<void> {
  await context.patch(Deployment, { name: metadata.name, namespace: metadata.namespace }, { spec: { replicas } });
}

type Report = {
  desired: number;
  ready: number;
  /** The Deployment is not there yet. */
  waiting?: boolean;
  timedOut?: boolean;
  recheckAfter?: number | undefined;
};

function report(
  autoscaler: PodAutoscaler,
  { desired, ready, waiting, timedOut, recheckAfter }: Report,
): Outcome<Status> {
  const { initialScale } = settingsOf(autoscaler);
  const { name } = autoscaler.metadata;
  const initialised = isTrue(autoscaler, "ScaleTargetInitialized") || (!waiting && ready >= initialScale);
  return rollUp<Status>(
    {
      Active: waiting ? QUEUED : activeVerdict(autoscaler, desired, ready, timedOut),
      SKSReady: initialised || ready > 0 ? TRUE : unknown("NotReady", "No replica is ready yet."),
      ScaleTargetInitialized: initialised ? TRUE : unknown(),
    },
    {
      status: { desiredScale: desired, actualScale: ready, serviceName: name, metricsServiceName: `${name}-private` },
      ...(recheckAfter !== undefined && { recheckAfter }),
    },
  );
}

const QUEUED = unknown("Queued", "Requests to the target are being buffered as resources are provisioned.");

function activeVerdict(autoscaler: PodAutoscaler, desired: number, ready: number, timedOut = false): Verdict {
  if (desired > 0) return ready > 0 ? TRUE : QUEUED;
  const before = findCondition(autoscaler, "Active")?.reason === "TimedOut";
  return timedOut || before
    ? failed("TimedOut", "The target could not be activated.")
    : failed("NoTraffic", "The target is not receiving traffic.");
}
