/** What upstream's admission webhook would refuse, in its words; here it becomes a condition. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import {
  AUTOSCALING_PREFIX,
  type RevisionSpec,
  type RevisionTemplate,
  type Service,
  type ServingContainer,
  type TrafficTarget,
} from "#api/serving.knative.dev/index.ts";
import { validateScaling } from "./autoscaler/settings.ts";

/** One violation: what is wrong, and where. */
export type Problem = { message: string; path: string };

const RESERVED_ENV = new Set(["PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"]);
const RESERVED_PORTS = new Set([8008, 8012, 8013, 8022, 9090, 9091]);
const RESERVED_PATHS = new Set(["/", "/dev", "/dev/log"]);
const PORT_NAMES = new Set(["", "http1", "h2c"]);
const POD_FIELDS_REFUSED = ["restartPolicy", "terminationGracePeriodSeconds", "activeDeadlineSeconds", "nodeName"];
const LONGEST_TIMEOUT_SECONDS = 600;
const MOST_CONCURRENCY = 1000;

/** Problems in one text, as the webhook gives them. */
export function describe(problems: readonly Problem[]): string {
  const lines = problems.map(({ message, path }) => `${message}: ${path}`).sort();
  return `validation failed: ${lines.join("\n")}`;
}

export function validateService({ metadata, spec }: Service): Problem[] {
  return [
    ...misplacedScaling(metadata.annotations),
    ...validateTraffic(spec.traffic, "spec.traffic"),
    ...validateTemplate(metadata.name, spec.template),
  ];
}

function misplacedScaling(annotations: Record<string, string> | undefined): Problem[] {
  return Object.keys(annotations ?? {})
    .filter((key) => key.startsWith(AUTOSCALING_PREFIX))
    .map((key) => ({
      message: `autoscaling annotations must be put under "spec.template.metadata.annotations" to work`,
      path: `metadata.annotations.${key}`,
    }));
}

export function validateTraffic(traffic: readonly TrafficTarget[] | undefined, path: string): Problem[] {
  if (!traffic?.length) return [];
  const problems = traffic.flatMap((target, index) => validateTarget(target, `${path}[${index}]`));
  const sum = traffic.reduce((total, { percent }) => total + (percent ?? 0), 0);
  if (sum !== 100) problems.push({ message: `Traffic targets sum to ${sum}, want 100`, path });
  const tags = new Map<string, number>();
  traffic.forEach(({ tag }, index) => {
    const first = tag ? tags.get(tag) : undefined;
    if (first !== undefined)
      problems.push({
        message: `Multiple definitions for "${tag}"`,
        path: `${path}[${first}].tag, ${path}[${index}].tag`,
      });
    else if (tag) tags.set(tag, index);
  });
  return problems;
}

function validateTarget({ percent = 0, revisionName, latestRevision, tag }: TrafficTarget, path: string): Problem[] {
  const problems: Problem[] = [];
  if (percent < 0 || percent > 100)
    problems.push({ message: `expected 0 <= ${percent} <= 100`, path: `${path}.percent` });
  if (revisionName && latestRevision)
    problems.push({
      message: `may not set revisionName "${revisionName}" when latestRevision is true`,
      path: `${path}.latestRevision`,
    });
  if (tag && !/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(tag))
    problems.push({ message: "not a DNS 1035 label", path: `${path}.tag` });
  return problems;
}

/** `name` is that of the Configuration. */
export function validateTemplate(name: string, template: RevisionTemplate | undefined): Problem[] {
  const path = "spec.template";
  if (!template?.spec?.containers?.length) return [{ message: "missing field(s)", path: `${path}.spec.containers` }];
  const own = template.metadata?.name;
  return [
    ...(own && !own.startsWith(`${name}-`)
      ? [{ message: `"${own}" must have prefix "${name}-"`, path: `${path}.metadata.name` }]
      : []),
    ...validateScaling(template.metadata?.annotations ?? {}, `${path}.metadata.annotations`),
    ...validateSpec(template.spec, `${path}.spec`),
  ];
}

function validateSpec(spec: RevisionSpec, path: string): Problem[] {
  const { containers, containerConcurrency = 0, timeoutSeconds = 1 } = spec;
  const problems: Problem[] = [];
  const given = POD_FIELDS_REFUSED.filter((field) => (spec as Record<string, unknown>)[field] !== undefined);
  if (given.length > 0)
    problems.push({ message: "must not set the field(s)", path: given.map((field) => `${path}.${field}`).join(", ") });
  if (containerConcurrency < 0 || containerConcurrency > MOST_CONCURRENCY)
    problems.push({
      message: `expected 0 <= ${containerConcurrency} <= ${MOST_CONCURRENCY}`,
      path: `${path}.containerConcurrency`,
    });
  if (timeoutSeconds < 0 || timeoutSeconds > LONGEST_TIMEOUT_SECONDS)
    problems.push({
      message: `expected 0 <= ${timeoutSeconds} <= ${LONGEST_TIMEOUT_SECONDS}`,
      path: `${path}.timeoutSeconds`,
    });
  return [
    ...problems,
    ...validatePorts(containers, path),
    ...containers.flatMap((container, index) => validateContainer(container, spec, `${path}.containers[${index}]`)),
  ];
}

function validatePorts(containers: readonly ServingContainer[], path: string): Problem[] {
  const withPorts = containers.filter(({ ports }) => ports?.length);
  const ports = withPorts.flatMap((container) => container.ports ?? []);
  if (ports.length > 1)
    return [{ message: "more than one container port is set", path: `${path}.containers[*].ports` }];
  if (containers.length > 1 && ports.length === 0)
    return [{ message: "missing field(s)", path: `${path}.containers[*].ports` }];
  return ports.flatMap((port) =>
    validatePort(port, `${path}.containers[${containers.indexOf(withPorts[0] as ServingContainer)}].ports[0]`),
  );
}

function validatePort({ containerPort, name = "" }: k8s.ContainerPort, path: string): Problem[] {
  if (containerPort !== 0 && RESERVED_PORTS.has(containerPort))
    return [{ message: `${containerPort} is a reserved port`, path: `${path}.containerPort` }];
  if (containerPort < 0 || containerPort > 65535)
    return [{ message: `expected 0 <= ${containerPort} <= 65535`, path: `${path}.containerPort` }];
  return PORT_NAMES.has(name) ? [] : [{ message: `Port name ${name} is not allowed`, path: `${path}.name` }];
}

function validateContainer(container: ServingContainer, spec: RevisionSpec, path: string): Problem[] {
  const problems: Problem[] = [];
  const given = (["lifecycle", "stdin", "stdinOnce", "tty"] as const).filter((field) => container[field] !== undefined);
  if (given.length > 0)
    problems.push({ message: "must not set the field(s)", path: given.map((field) => `${path}.${field}`).join(", ") });
  if (!container.image) problems.push({ message: "missing field(s)", path: `${path}.image` });
  if (container.name === "queue-proxy")
    problems.push({ message: `"queue-proxy" is a reserved container name`, path: `${path}.name` });
  const sidecar = spec.containers.length > 1 && !container.ports?.length;
  container.env?.forEach(({ name }, index) => {
    if (RESERVED_ENV.has(name) && !(sidecar && name === "PORT"))
      problems.push({ message: `"${name}" is a reserved environment variable`, path: `${path}.env[${index}].name` });
  });
  return [...problems, ...validateMounts(container, spec, path)];
}

function validateMounts(
  { volumeMounts = [] }: ServingContainer,
  { volumes = [] }: RevisionSpec,
  path: string,
): Problem[] {
  return volumeMounts.flatMap(({ name, mountPath }, index) => {
    const at = `${path}.volumeMounts[${index}]`;
    const reserved = RESERVED_PATHS.has(mountPath.replace(/(?<=.)\/+$/, ""));
    return [
      ...(volumes.some((volume) => volume.name === name)
        ? []
        : [{ message: "volumeMount has no matching volume", path: `${at}.name` }]),
      ...(reserved ? [{ message: `mountPath "${mountPath}" is a reserved path`, path: `${at}.mountPath` }] : []),
    ];
  });
}
