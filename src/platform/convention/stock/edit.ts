/** Small changes to pod templates that keep what the user wrote. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";

type Template = k8s.PodTemplateSpec;
type Entries = { readonly [key: string]: string };

/** The template with these labels over its own. */
export function withLabels(template: Template, labels: Entries): Template {
  return {
    ...template,
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } } as never,
  };
}

/** The template with these annotations over its own. */
export function withAnnotations(template: Template, annotations: Entries): Template {
  const merged = { ...template.metadata?.annotations, ...annotations };
  return { ...template, metadata: { ...template.metadata, annotations: merged } as never };
}

/** The template with each container (not init containers) replaced by what `change` makes of it. */
export function mapContainers(template: Template, change: (container: k8s.Container) => k8s.Container): Template {
  if (!template.spec) return template;
  return { ...template, spec: { ...template.spec, containers: template.spec.containers.map(change) } };
}

/** The container with the variables that it does not set yet. */
export function withMissingEnv(container: k8s.Container, variables: Entries): k8s.Container {
  const present = new Set(container.env?.map(({ name }) => name));
  const missing = Object.entries(variables).filter(([name]) => !present.has(name));
  if (missing.length === 0) return container;
  return { ...container, env: [...(container.env ?? []), ...missing.map(([name, value]) => ({ name, value }))] };
}

/** Seconds that an application may take to shut down: 80 % of what the pod gets. */
export function shutdownSeconds({ terminationGracePeriodSeconds = 30 }: k8s.PodSpec): number {
  return Math.floor(0.8 * terminationGracePeriodSeconds);
}
