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

/** The Application has seen the workload's newest commit. Without both there is nothing to wait for. */
async function isDelivered(client: KubeClient, workload: Workload): Promise<boolean> {
  const { name, namespace } = workload.metadata;
  const [commit, application] = await Promise.all([
    client.get(ConfigCommit, name, namespace),
    client.get(Application, name, namespace),
  ]);
  if (!commit || !application) return true;
  const { sync, reconciledAt } = (application.status ?? {}) as Delivery;
  const { commit: wanted, committedAt } = commit.status ?? {};
  const isSeen = sync?.revision === wanted || wholeSeconds(reconciledAt) > wholeSeconds(committedAt);
  return isSeen && sync?.status === "Synced" && (await isObservedEverywhere(client, workload));
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
