/** Pods and pod templates: defaults, validation, graceful deletion. */
import type { Container, Pod, PodSpec, Probe } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone, deepEqual, type Mutable } from "#kit/json.ts";
import type { FieldError } from "#kit/status.ts";
import { onlyMayChange } from "./immutable.ts";
import type { Strategy } from "./strategy.ts";

type Draft<T> = Mutable<T>;

/** Fills in a pod spec, of a pod or of a template. Numbers and words are those of the Kubernetes API reference. */
export function defaultPodSpec(spec: Draft<PodSpec>): void {
  spec.restartPolicy ??= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= "ClusterFirst";
  spec.securityContext ??= {};
  spec.schedulerName ??= "default-scheduler";
  if (spec.serviceAccountName && !spec.serviceAccount) spec.serviceAccount = spec.serviceAccountName;
  if (spec.serviceAccount && !spec.serviceAccountName) spec.serviceAccountName = spec.serviceAccount;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) defaultContainer(container);
  for (const volume of spec.volumes ?? []) {
    if (volume.secret) volume.secret.defaultMode ??= 0o644;
    if (volume.configMap) volume.configMap.defaultMode ??= 0o644;
    if (volume.projected) volume.projected.defaultMode ??= 0o644;
    if (volume.downwardAPI) volume.downwardAPI.defaultMode ??= 0o644;
  }
}

function defaultContainer(container: Draft<Container>): void {
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  container.imagePullPolicy ??= pullPolicyOf(container.image ?? "");
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const variable of container.env ?? [])
    if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ??= "v1";
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe])
    if (probe) defaultProbe(probe);
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop])
    if (hook?.httpGet) defaultHttpGet(hook.httpGet);
}

/** A limit without a request asks for all of it. Only in pods: templates are left as they are written. */
function defaultRequests({ resources }: Draft<Container>): void {
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}

function pullPolicyOf(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  if (last.includes("@")) return "IfNotPresent";
  const tag = last.split(":")[1];
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent";
}

function defaultProbe(probe: Draft<Probe>): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function defaultHttpGet(action: { path?: string; scheme?: string }): void {
  action.path ||= "/";
  action.scheme ??= "HTTP";
}

/** Violations in a pod spec at `path`. */
export function validatePodSpec(spec: PodSpec | undefined, path: string): FieldError[] {
  const required = (field: string): FieldError => ({ field, reason: "FieldValueRequired", message: "Required value" });
  if (!spec?.containers?.length) return [required(`${path}.containers`)];
  const seen = new Set<string>();
  const check = (list: string) => (container: Container, index: number) => {
    const at = `${path}.${list}[${index}]`;
    const errors: FieldError[] = [];
    if (!container.name) errors.push(required(`${at}.name`));
    else if (seen.has(container.name))
      errors.push({
        field: `${at}.name`,
        reason: "FieldValueDuplicate",
        message: `Duplicate value: "${container.name}"`,
      });
    if (!container.image) errors.push(required(`${at}.image`));
    seen.add(container.name);
    return errors;
  };
  return [
    ...(spec.initContainers ?? []).flatMap(check("initContainers")),
    ...spec.containers.flatMap(check("containers")),
  ];
}

const POD_FIXED =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** Nearly everything about a pod is settled when it is created; it gets its node once. */
function validatePodChange(next: Draft<PodSpec> | undefined, before: PodSpec | undefined): FieldError[] {
  const withoutImages = (spec: PodSpec | undefined): object => ({
    ...spec,
    containers: spec?.containers.map(({ image: _, ...rest }) => rest),
    initContainers: spec?.initContainers?.map(({ image: _, ...rest }) => rest),
  });
  if (deepEqual(next, before)) return [];
  const settled = clone(before);
  if (settled) defaultPodSpec(settled);
  const mutable = ["activeDeadlineSeconds", "tolerations", ...(before?.nodeName ? [] : ["nodeName"])];
  return onlyMayChange(mutable, { next: withoutImages(next), before: withoutImages(settled), why: POD_FIXED });
}

function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

const asPod = (object: Unstructured): Draft<Pod> => object as unknown as Draft<Pod>;

export const podStrategy: Strategy = {
  defaults: (draft) => {
    const pod = asPod(draft);
    if (!pod.spec) return;
    defaultPodSpec(pod.spec);
    for (const container of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])])
      defaultRequests(container);
    pod.spec.serviceAccountName ??= "default";
    pod.spec.serviceAccount ??= pod.spec.serviceAccountName;
    pod.spec.enableServiceLinks ??= true;
    pod.spec.preemptionPolicy ??= "PreemptLowerPriority";
    pod.spec.priority ??= 0;
  },
  prepareCreate: (draft) => {
    asPod(draft).status = { phase: "Pending" };
  },
  validate: (draft, current) => [
    ...validatePodSpec(asPod(draft).spec, "spec"),
    ...(current ? validatePodChange(asPod(draft).spec, asPod(current).spec) : []),
  ],
  gracePeriod: (current, asked) => {
    const pod = asPod(current);
    if (!pod.spec?.nodeName || isTerminal(pod)) return 0;
    return asked ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  },
};
