/** The containers of a pod. */
import type { Container, EphemeralContainer, PodSpec } from "#api/builtin/types.gen.ts";
import { dnsLabel, portName } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";
import { checkEnvironment } from "./environment.ts";
import { checkProbes } from "./probes.ts";
import { checkResources } from "./resources.ts";
import { checkContainerSecurity } from "./security.ts";
import { checkMounts, type Volumes } from "./volumes.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"];
const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DEFAULT_GRACE = 30;

/** All containers of a pod spec at `report`. */
export function checkContainers(spec: PodSpec, volumes: Volumes, report: Report): void {
  const { initContainers = [], ephemeralContainers = [] } = spec;
  const containers = spec.containers ?? [];
  const names = new Set<string>();
  if (containers.length === 0) report.at("containers").required();
  containers.forEach((container, index) => {
    const at = report.at("containers").item(index);
    checkContainer(container, { spec, volumes, names }, at);
    checkProbes(container, spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE, at);
  });
  initContainers.forEach((container, index) => {
    const at = report.at("initContainers").item(index);
    checkContainer(container, { spec, volumes, names }, at);
    if (container.restartPolicy === "Always")
      checkProbes(container, spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE, at);
    else
      for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const)
        if (container[field]) at.at(field).forbidden("may not be set for init containers without restartPolicy=Always");
  });
  ephemeralContainers.forEach((container, index) => {
    const at = report.at("ephemeralContainers").item(index);
    checkContainer(container as unknown as Container, { spec, volumes, names }, at);
    checkEphemeral(container, spec, at);
  });
  checkPorts(spec, report);
}

type Surroundings = { spec: PodSpec; volumes: Volumes; names: Set<string> };

function checkContainer(container: Container, { spec, volumes, names }: Surroundings, report: Report): void {
  const { name, image, ports, resources } = container;
  if (report.at("name").needs(name)) {
    report.at("name").invalidFor(name, dnsLabel(name));
    if (names.has(name)) report.at("name").duplicate(name);
    names.add(name);
  }
  if (report.at("image").needs(image) && image !== image?.trim())
    report.at("image").invalid(image, "must not have leading or trailing whitespace");
  if (container.terminationMessagePolicy)
    report.at("terminationMessagePolicy").oneOf(container.terminationMessagePolicy, MESSAGE_POLICIES);
  if (container.imagePullPolicy) report.at("imagePullPolicy").oneOf(container.imagePullPolicy, PULL_POLICIES);
  if (container.restartPolicy !== undefined)
    report.at("restartPolicy").oneOf(container.restartPolicy, RESTART_POLICIES);
  checkContainerPorts(ports ?? [], report.at("ports"));
  checkEnvironment(container, report);
  checkMounts(container, volumes, report);
  const claims = spec.resourceClaims?.map((claim) => claim.name) ?? [];
  if (resources) checkResources(resources, claims, report.at("resources"));
  checkContainerSecurity(container, report.at("securityContext"));
}

function checkContainerPorts(ports: NonNullable<Container["ports"]>, report: Report): void {
  const names = new Set<string>();
  ports.forEach(({ name, containerPort = 0, hostPort, protocol }, index) => {
    const at = report.item(index);
    if (name) {
      const problems = portName(name);
      at.at("name").invalidFor(name, problems);
      if (names.has(name)) at.at("name").duplicate(name);
      else if (problems.length === 0) names.add(name);
    }
    if (containerPort === 0) at.at("containerPort").required();
    else at.at("containerPort").between(containerPort, 1, 65_535);
    if (hostPort) at.at("hostPort").between(hostPort, 1, 65_535);
    if (protocol) at.at("protocol").oneOf(protocol, PROTOCOLS);
    else at.at("protocol").required();
  });
}

/** Ports of the node can be had only once, and on its own network they are those of the container. */
function checkPorts({ containers, initContainers = [], hostNetwork }: PodSpec, report: Report): void {
  const check = (container: Container, at: Report, taken: Set<string>): void =>
    container.ports?.forEach(({ containerPort, hostPort, protocol, hostIP }, index) => {
      const port = at.at("ports").item(index).at("hostPort");
      if (!hostPort) return;
      const key = `${protocol ?? "TCP"}/${hostIP ?? ""}/${hostPort}`;
      if (taken.has(key)) port.duplicate(key);
      taken.add(key);
      if (hostNetwork && hostPort !== containerPort)
        port.invalid(hostPort, "must match `containerPort` when `hostNetwork` is true");
    });
  const taken = new Set<string>();
  containers?.forEach((container, index) => {
    check(container, report.at("containers").item(index), taken);
  });
  initContainers.forEach((container, index) => {
    const isSidecar = container.restartPolicy === "Always";
    check(container, report.at("initContainers").item(index), isSidecar ? taken : new Set());
  });
}

const NOT_EPHEMERAL = ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] as const;

function checkEphemeral(container: EphemeralContainer, spec: PodSpec, report: Report): void {
  const { targetContainerName: target } = container;
  const known = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  if (target && !known.some(({ name }) => name === target)) report.at("targetContainerName").notFound(target);
  for (const field of NOT_EPHEMERAL)
    if (container[field] !== undefined) report.at(field).forbidden("cannot be set for an Ephemeral Container");
  if (Object.keys(container.resources ?? {}).length > 0)
    report.at("resources").forbidden("cannot be set for an Ephemeral Container");
}
