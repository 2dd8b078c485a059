/**
 * Whether what a workload's conditions say is about its newest version: it stays Ready, or failed, while a change of it is
 * still on its way, so the conditions alone do not tell.
 */
import { Application } from "#api/argoproj.io/index.ts";
import { Deployment } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { Workload } from "#api/carto.run/workload.ts";
import type { Unstructured } from "#api/meta.ts";
import { Configuration, Route, Service } from "#api/serving.knative.dev/index.ts";
import { ConfigBundle } from "#api/slipway.dev/config-bundle.ts";
import { ConfigCommit } from "#api/slipway.dev/config-commit.ts";
import { isTrue } from "#kit/conditions.ts";
import { type RehearsedStep, rehearseOnCluster } from "#platform/supply/index.ts";
import type { KubeClient } from "#ports/kube/client.ts";

/**
 * True when no step up to the first that is not ready would stamp anything else than what is there, when the steps before
 * it are healthy, and when what they gave has arrived.
 */
export async function isCurrent(client: KubeClient, workload: Workload): Promise<boolean> {
  const { steps } = await rehearseOnCluster(client, workload as unknown as Unstructured);
  const stuck = (workload.status?.resources ?? []).findIndex(({ conditions = [] }) =>
    conditions.some(({ type, status }) => type === "Ready" && status !== "True"),
  );
  const reached = stuck < 0 ? steps : steps.slice(0, stuck + 1);
  const healthy = stuck < 0 ? steps : steps.slice(0, stuck);
  if (!reached.every(isDone) || !healthy.every(isHealthy)) return false;
  if (reached.length === steps.length && !(await isDelivered(client, workload))) return false;
  const { name, namespace, resourceVersion } = workload.metadata;
  return (await client.get(Workload, name, namespace))?.metadata.resourceVersion === resourceVersion;
}

function isDone({ placement, passThrough, unknown }: RehearsedStep): boolean {
  return unknown.length === 0 && (passThrough !== undefined || (placement?.change === "none" && !placement.stale));
}

function isHealthy({ placement, passThrough }: RehearsedStep): boolean {
  return passThrough !== undefined || placement?.healthy === "True";
}

type Delivery = { sync?: { status?: string; revision?: string }; reconciledAt?: string };

/** The Application has seen what was last written for the workload. Without both there is nothing to wait for. */
async function isDelivered(client: KubeClient, workload: Workload): Promise<boolean> {
  const { name, namespace } = workload.metadata;
  const [isSeen, application] = await Promise.all([
    written(client, workload),
    client.get(Application, name, namespace),
  ]);
  if (!isSeen || !application) return true;
  const delivery = (application.status ?? {}) as Delivery;
  return isSeen(delivery) && delivery.sync?.status === "Synced" && (await isObservedEverywhere(client, workload));
}

/**
 * Tells of an Application whether it has seen the newest configuration. A branch may have gone on since the commit, so
 * that a later look counts too; a bundle is pinned by its digest.
 */
async function written(
  client: KubeClient,
  { metadata: { namespace }, status }: Workload,
): Promise<((delivery: Delivery) => boolean) | undefined> {
  const stamped = (kind: string): string | undefined =>
    status?.resources?.find(({ stampedRef }) => stampedRef?.kind === kind)?.stampedRef?.name;
  const [commitName, bundleName] = [stamped(ConfigCommit.kind), stamped(ConfigBundle.kind)];
  const [commit, bundle] = await Promise.all([
    commitName === undefined ? undefined : client.get(ConfigCommit, commitName, namespace),
    bundleName === undefined ? undefined : client.get(ConfigBundle, bundleName, namespace),
  ]);
  if (bundle) return ({ sync }) => sync?.revision === bundle.status?.digest;
  if (!commit) return undefined;
  const { commit: wanted, committedAt } = commit.status ?? {};
  return ({ sync, reconciledAt }) =>
    sync?.revision === wanted || wholeSeconds(reconciledAt) > wholeSeconds(committedAt);
}

async function isObservedEverywhere(client: KubeClient, workload: Workload): Promise<boolean> {
  const { serving, deployments } = await running(client, workload);
  return serving.flat().every(isObserved) && deployments.every(isObserved);
}

/** Whether what runs is the newest version, and nothing else. */
export async function isRolledOut(client: KubeClient, workload: Workload): Promise<boolean> {
  const { serving, deployments } = await running(client, workload);
  return serving.flat().every((object) => isTrue(object)) && deployments.every(isScaled);
}

function isScaled({ spec, status = {} }: k8s.Deployment): boolean {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  return [replicas, updatedReplicas, availableReplicas].every((count) => count === (spec?.replicas ?? 1));
}

type Serving = Service | Configuration | Route;

/** The workload's Knative Services with what they consist of, and the Deployments that are not of their revisions. */
async function running(
  client: KubeClient,
  { metadata: { name, namespace } }: Workload,
): Promise<{ serving: Serving[][]; deployments: k8s.Deployment[] }> {
  const selection = { namespace, labels: { "carto.run/workload-name": name } };
  const [services, deployments] = await Promise.all([
    client.list(Service, selection),
    client.list(Deployment, selection),
  ]);
  const parts = async (service: Service): Promise<Serving[]> => {
    const { name: part } = service.metadata;
    const [configuration, route] = await Promise.all([
      client.get(Configuration, part, namespace),
      client.get(Route, part, namespace),
    ]);
    return [service, configuration, route].filter((object) => object !== undefined);
  };
  const own = deployments.items.filter(({ metadata }) => !metadata.labels?.["serving.knative.dev/revision"]);
  return { serving: await Promise.all(services.items.map(parts)), deployments: own };
}

function isObserved(object: { metadata: { generation?: number }; status?: { observedGeneration?: number } }): boolean {
  return object.status?.observedGeneration === object.metadata.generation;
}

function wholeSeconds(time = ""): number {
  return Math.floor((Date.parse(time) || 0) / 1000);
}
