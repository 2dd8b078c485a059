/** The convention of a language: port, probes, shutdown, requests and security context of applications written in it. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type {
  ConventionInput,
  ConventionResult,
  Effect,
  ImageDescription,
  InProcessConvention,
} from "../convention.ts";
import { mapContainers, shutdownSeconds, withMissingEnv } from "./edit.ts";
import { harden, withRequests } from "./hardening.ts";
import { labelOf } from "./image-facts.ts";
import { HEALTH_PATH, withProbes } from "./probes.ts";

export type Language = {
  /** Name of the convention and prefix of what it applies. */
  name: string;
  title: string;
  /** How it tells its images, for people. */
  recognises: string;
  isIts: (image: ImageDescription) => boolean;
  requests: Readonly<Record<string, string>>;
  /** Variables that give the application `seconds` to shut down. */
  shutdown?: { doc: string; env: (image: ImageDescription, seconds: number) => Readonly<Record<string, string>> };
};

const PORT = 8080;

/** Steps in the order in which they are applied; each gives back the same container when there is nothing to do. */
type Step = { suffix: string; change: (container: k8s.Container) => k8s.Container };

export function languageConvention(language: Language): InProcessConvention {
  const { name, title, recognises } = language;
  return {
    name,
    doc: `${title} applications (${recognises}): port, probes, shutdown, requests and security context, where the container does not say otherwise.`,
    effects: effectsOf(language),
    apply: (input) => apply(language, input),
  };
}

function apply(language: Language, { template, images }: ConventionInput): ConventionResult {
  const pod = template.spec;
  const isIts = ({ image = "" }: k8s.Container): boolean => {
    const found = images.get(image);
    return found !== undefined && language.isIts(found);
  };
  if (!pod?.containers.some(isIts)) return { template, applied: [] };
  // Only one container of a pod takes the requests that come from outside.
  const serving = pod.containers.some(({ ports }) => ports?.length) ? undefined : pod.containers.find(isIts);
  const applied = new Set<string>();
  const changed = mapContainers(template, (original) => {
    const image = isIts(original) && images.get(original.image ?? "");
    if (!image) return original;
    const steps = stepsFor(language, { template, pod, original, image, isServing: original === serving });
    return steps.reduce((container, { suffix, change }) => {
      const next = change(container);
      if (next !== container) applied.add(`${language.name}-${suffix}`);
      return next;
    }, original);
  });
  return { template: changed, applied: [...applied] };
}

type Subject = {
  template: k8s.PodTemplateSpec;
  pod: k8s.PodSpec;
  original: k8s.Container;
  image: ImageDescription;
  isServing: boolean;
};

function stepsFor(language: Language, { template, pod, original, image, isServing }: Subject): Step[] {
  const healthPath = template.metadata?.annotations?.[HEALTH_PATH] ?? labelOf(image, HEALTH_PATH);
  const declaredPort = original.ports?.[0]?.containerPort;
  const ports = [{ containerPort: PORT, protocol: "TCP" }];
  const env = language.shutdown?.env(image, shutdownSeconds(pod)) ?? {};
  return [
    { suffix: "port", change: (container) => (isServing ? { ...container, ports } : container) },
    { suffix: "probes", change: (container) => withProbes(container, { healthPath, declaredPort }) },
    { suffix: "graceful-shutdown", change: (container) => withMissingEnv(container, env) },
    { suffix: "resources", change: (container) => withRequests(container, language.requests) },
    { suffix: "security", change: (container) => harden(container, pod, image) },
  ];
}

function effectsOf({ name, requests, shutdown }: Language): Effect[] {
  return [
    { name: `${name}-port`, when: "no container of the pod names a port", sets: `containerPort ${PORT}` },
    {
      name: `${name}-probes`,
      when: `the container has no probe, and annotation \`${HEALTH_PATH}\` of the pod or label of the image names a path, or the container names a port`,
      sets: "with a path: HTTP readiness, liveness and startup probes; with a port only: a TCP readiness probe",
    },
    ...(shutdown ? [{ name: `${name}-graceful-shutdown`, when: "the variable is not set", sets: shutdown.doc }] : []),
    {
      name: `${name}-resources`,
      when: "the container has neither request nor limit of that resource",
      sets: Object.entries(requests)
        .map(([resource, amount]) => `requests.${resource} ${amount}`)
        .join(", "),
    },
    {
      name: `${name}-security`,
      when: "the container is not privileged",
      sets: "seccompProfile RuntimeDefault; and when it runs as a numeric user other than root: runAsNonRoot, allowPrivilegeEscalation false, all capabilities dropped",
    },
  ];
}
