import { Service } from "#api/builtin/index.ts";
import { Ingress as KIngress } from "#api/networking.internal.knative.dev/ingress.ts";
import { Configuration, LABELS, Revision, Route, type TrafficTarget } from "#api/serving.knative.dev/index.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import type { Outcome } from "#engine/controller/outcome.ts";
import { findCondition } from "#kit/conditions.ts";
import { failed, rollUp, TRUE, unknown, type Verdict, verdictOf } from "../conditions.ts";
import { isForeign } from "../metadata.ts";
import { taggedName } from "../names.ts";
import { servingPort } from "../revision/pod.ts";
import { describe, validateTraffic } from "../validate.ts";
import { type Addressing, ingressOf, localUrl, publicUrl, revisionsIn, tooLongHost } from "./ingress.ts";
import { placeholdersOf } from "./placeholder.ts";
import { routed, unrouted } from "./routing-state.ts";
import { type Lookup, type ResolvedTarget, resolveTargets } from "./targets.ts";

type Status = NonNullable<Route["status"]>;

const NO_TLS: Verdict = { status: "True", reason: "TLSNotEnabled", message: "autoTLS is not enabled" };
const NOT_CONFIGURED = unknown("IngressNotConfigured", "Ingress has not yet been reconciled.");

/** Reconciles Routes. */
export function routeController(addressing: Addressing): Controller<Route> {
  return controller<Route>({
    name: "serving/route",
    for: Route,
    owns: [KIngress, Service],
    async reconcile(route, context) {
      const { name, namespace } = route.metadata;
      const problems = validateTraffic(route.spec.traffic, "spec.traffic");
      if (problems.length > 0) return unassigned(route, failed("ValidationFailed", describe(problems)), addressing);
      const lookup = await lookUp(route.spec.traffic ?? [], namespace, context);
      const resolution = resolveTargets(route.spec.traffic ?? [], lookup);
      if ("problem" in resolution) return unassigned(route, resolution.problem, addressing);
      const long = tooLongHost(route, resolution.targets, addressing);
      if (long)
        return unassigned(
          route,
          failed("InvalidHost", `the host name ${long} has a label of over 63 characters`),
          addressing,
        );
      const before = await context.get(KIngress, name, namespace);
      if (isForeign(before, route))
        return unassigned(
          route,
          failed("NotOwned", `There is an existing Ingress "${name}" that we do not own.`),
          addressing,
        );
      const ingress = await assign(route, { targets: resolution.targets, before, addressing }, context);
      await namePlaces(route, resolution.targets, ingress, context);
      return report(route, resolution.targets, ingress, addressing);
    },
    async finalize(route, context) {
      const ingress = await context.get(KIngress, route.metadata.name, route.metadata.namespace);
      await release(route, servedBy(route, ingress), context);
    },
  });
}

/** Everything that the targets name. */
async function lookUp(
  traffic: readonly TrafficTarget[],
  namespace: string | undefined,
  context: Context,
): Promise<Lookup> {
  const configurations = new Map<string, Configuration | undefined>();
  const revisions = new Map<string, Revision | undefined>();
  for (const { configurationName, revisionName } of traffic) {
    if (configurationName)
      configurations.set(configurationName, await context.get(Configuration, configurationName, namespace));
    else if (revisionName) revisions.set(revisionName, await context.get(Revision, revisionName, namespace));
  }
  return { configurations, revisions };
}

type Assignment = { targets: readonly ResolvedTarget[]; before: KIngress | undefined; addressing: Addressing };

/** First the new revisions know that they are routed, then the requests move, then the old ones are let go. */
async function assign(route: Route, { targets, before, addressing }: Assignment, context: Context): Promise<KIngress> {
  const { name, namespace } = route.metadata;
  const wanted = new Set(targets.map(({ revisionName }) => revisionName));
  const ports = new Map<string, number>();
  for (const revisionName of wanted) {
    const revision = await context.get(Revision, revisionName, namespace);
    if (!revision) continue;
    ports.set(revisionName, servingPort(revision).protocol === "h2c" ? 81 : 80);
    const patch = routed(revision, name, context.now());
    if (patch) await context.patch(Revision, { name: revisionName, namespace }, patch);
  }
  const ingress = await context.apply(KIngress, ingressOf(route, targets, addressing, ports));
  await release(
    route,
    servedBy(route, before).filter((revision) => !wanted.has(revision)),
    context,
  );
  return ingress;
}

/** Revisions that got requests so far. */
function servedBy(route: Route, ingress: KIngress | undefined): string[] {
  const shown = route.status?.traffic?.flatMap(({ revisionName }) => revisionName ?? []) ?? [];
  return [...new Set([...shown, ...revisionsIn(ingress)])];
}

async function release(route: Route, revisions: readonly string[], context: Context): Promise<void> {
  const { name, namespace } = route.metadata;
  for (const revisionName of revisions) {
    const revision = await context.get(Revision, revisionName, namespace);
    const patch = revision && !revision.metadata.deletionTimestamp && unrouted(revision, name, context.now());
    if (patch) await context.patch(Revision, { name: revisionName, namespace }, patch);
  }
}

/** Brings the Services that name the Route inside the cluster up to date. Those of others are left alone. */
async function namePlaces(
  route: Route,
  targets: readonly ResolvedTarget[],
  ingress: KIngress,
  context: Context,
): Promise<void> {
  const { name, namespace } = route.metadata;
  const wanted = placeholdersOf(route, targets, ingress);
  for (const draft of wanted) {
    const live = await context.get(Service, draft.metadata.name ?? "", namespace);
    if (!isForeign(live, route)) await context.apply(Service, draft);
  }
  if (wanted.length === 0) return;
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const service of await context.list(Service, { namespace, labels: { [LABELS.route]: name } }))
    if (!names.has(service.metadata.name) && !isForeign(service, route))
      await context.delete(Service, { name: service.metadata.name, namespace });
}

function addressOf(route: Route, addressing: Addressing): Pick<Status, "url" | "address"> {
  const { name, namespace = "default" } = route.metadata;
  return { url: publicUrl(route, name, addressing), address: { url: localUrl(name, namespace) } };
}

/** Not all targets can get traffic: what is served stays as it is. */
function unassigned(route: Route, verdict: Verdict, addressing: Addressing): Outcome<Status> {
  const ingress = findCondition(route, "IngressReady");
  return rollUp<Status>(
    {
      AllTrafficAssigned: verdict,
      CertificateProvisioned: NO_TLS,
      IngressReady: ingress?.status === "True" ? TRUE : NOT_CONFIGURED,
    },
    { status: addressOf(route, addressing) },
  );
}

function report(
  route: Route,
  targets: readonly ResolvedTarget[],
  ingress: KIngress,
  addressing: Addressing,
): Outcome<Status> {
  const ready = verdictOf(ingress, NOT_CONFIGURED);
  const shown = targets.map((target) => ({
    ...target,
    ...(target.tag && { url: publicUrl(route, taggedName(target.tag, route.metadata.name), addressing) }),
  }));
  return rollUp<Status>(
    { AllTrafficAssigned: TRUE, CertificateProvisioned: NO_TLS, IngressReady: ready },
    { status: { ...addressOf(route, addressing), ...(ready.status === "True" && { traffic: shown }) } },
  );
}
