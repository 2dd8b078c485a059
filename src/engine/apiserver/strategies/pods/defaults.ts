/** What a server fills in in pods and pod templates. Numbers and words are those of the Kubernetes API reference. */
import type { Container, PodSpec, Probe, Volume } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";

type Draft<T> = Mutable<T>;

/** Fills in a pod spec, of a pod or of a template. */
export function defaultPodSpec(spec: Draft<PodSpec>): void {
  spec.restartPolicy ??= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= "ClusterFirst";
  spec.securityContext ??= {};
  spec.schedulerName ??= "default-scheduler";
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const container of containersOf(spec)) {
    defaultContainer(container);
    if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
  }
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
}

/** All containers of a pod: those that run first, those that run on, those that were added for a look. */
export function containersOf(spec: Draft<PodSpec>): Draft<Container>[] {
  return [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...((spec.ephemeralContainers ?? []) as unknown as Draft<Container>[]),
  ];
}

function defaultContainer(container: Draft<Container>): void {
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  container.imagePullPolicy ??= pullPolicyOf(container.image ?? "");
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= "v1";
    if (valueFrom?.fileKeyRef) valueFrom.fileKeyRef.optional ??= false;
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe])
    if (probe) defaultProbe(probe);
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop])
    if (hook?.httpGet) defaultHttpGet(hook.httpGet);
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

const MODE = 0o644;
const TOKEN_SECONDS = 3600;

function defaultVolume(volume: Draft<Volume>): void {
  if (Object.keys(volume).every((key) => key === "name")) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= MODE;
  if (volume.hostPath) volume.hostPath.type ??= "";
  if (volume.image?.reference) volume.image.pullPolicy ??= pullPolicyOf(volume.image.reference);
  if (volume.downwardAPI) volume.downwardAPI.defaultMode ??= MODE;
  defaultFieldRefs(volume.downwardAPI);
  if (volume.projected) defaultProjected(volume.projected);
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim) claim.volumeMode ??= "Filesystem";
}

function defaultProjected(projected: NonNullable<Draft<Volume>["projected"]>): void {
  projected.defaultMode ??= MODE;
  for (const { serviceAccountToken, downwardAPI } of projected.sources ?? []) {
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= TOKEN_SECONDS;
    defaultFieldRefs(downwardAPI);
  }
}

function defaultFieldRefs(files: { items?: { fieldRef?: { apiVersion?: string } }[] } | undefined): void {
  for (const { fieldRef } of files?.items ?? []) if (fieldRef) fieldRef.apiVersion ??= "v1";
}

/** What is filled in in a pod only: templates are left as they are written. */
export function defaultPod(spec: Draft<PodSpec>): void {
  for (const { resources } of containersOf(spec)) requestLimits(resources);
  if (spec.resources) requestLimits(spec.resources);
  spec.enableServiceLinks ??= true;
}

/** A limit without a request asks for all of it. */
function requestLimits(resources: Draft<Container>["resources"]): void {
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}
