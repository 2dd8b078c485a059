/** Pod templates on their way through conventions: their containers, their pinned images, the metadata they may carry. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { APPLIED_ANNOTATION, TEMPLATE_METADATA } from "#api/conventions.carto.run/index.ts";
import type { ImageDescription } from "./convention.ts";

/** Init containers first, then the others. */
export function containersOf(template: k8s.PodTemplateSpec): readonly k8s.Container[] {
  return [...(template.spec?.initContainers ?? []), ...(template.spec?.containers ?? [])];
}

/** The template with every image replaced by its pinned reference. */
export function pinImages(
  template: k8s.PodTemplateSpec,
  images: ReadonlyMap<string, ImageDescription>,
): k8s.PodTemplateSpec {
  if (!template.spec) return template;
  const pinned = (container: k8s.Container): k8s.Container => {
    const image = images.get(container.image ?? "")?.image;
    return image && image !== container.image ? { ...container, image } : container;
  };
  const { initContainers, containers } = template.spec;
  const spec = {
    ...template.spec,
    containers: containers.map(pinned),
    ...(initContainers && { initContainers: initContainers.map(pinned) }),
  };
  return { ...template, spec };
}

/** Lines of the list of applied conventions that the template carries. */
export function appliedLines(template: k8s.PodTemplateSpec): string[] {
  const text = template.metadata?.annotations?.[APPLIED_ANNOTATION];
  return text ? text.split("\n") : [];
}

/** The template with exactly these lines as its list of applied conventions, and only the metadata that is allowed. */
export function withAppliedLines(template: k8s.PodTemplateSpec, lines: readonly string[]): k8s.PodTemplateSpec {
  const given: Record<string, unknown> = { ...template.metadata };
  const { [APPLIED_ANNOTATION]: _, ...others } = template.metadata?.annotations ?? {};
  const annotations = lines.length > 0 ? { ...others, [APPLIED_ANNOTATION]: lines.join("\n") } : others;
  if (Object.keys(annotations).length > 0) given.annotations = annotations;
  else delete given.annotations;
  const kept = TEMPLATE_METADATA.filter((name) => given[name] !== undefined && given[name] !== null);
  const { metadata: _metadata, ...rest } = template;
  if (kept.length === 0) return rest;
  return { metadata: Object.fromEntries(kept.map((name) => [name, given[name]])) as never, ...rest };
}
