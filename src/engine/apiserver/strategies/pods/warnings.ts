/** What writers of pods, and of templates of pods, should know: old names, what has no effect, what surprises. */
import type { Affinity, Pod, PodSpec, PodTemplateSpec, Volume } from "#api/builtin/types.gen.ts";
import { warnOfNotation } from "../rules/addresses.ts";
import { deprecationOf, warnOfTerms } from "../rules/labels.ts";
import { warnOfContainers } from "./container-warnings.ts";

const DNS_LABEL = "a DNS label is recommended: [must not contain dots]";

/** Warnings about a new pod. */
export function warnOfPod({ metadata, spec }: Pod): string[] {
  return [...warnOfName(metadata.name, "the Pod's hostname"), ...warnOfTemplate({ metadata, spec }, "")];
}

/** A warning about the name of an object that pods are named after: of a name with dots. */
export function warnOfName(name: string | undefined, use = "Pod names and hostnames"): string[] {
  if (!name?.includes(".")) return [];
  return [`metadata.name: this is used in ${use}, which can result in surprising behavior; ${DNS_LABEL}`];
}

type Template = { readonly metadata?: PodTemplateSpec["metadata"]; readonly spec?: PodSpec | undefined };

/** Warnings about a template of pods at a path, which is empty for a pod itself. */
export function warnOfTemplate(template: Template | undefined, path: string): string[] {
  const spec = template?.spec;
  if (!spec) return [];
  const [inSpec, inMetadata] = path ? [`${path}.spec`, `${path}.metadata`] : ["spec", "metadata"];
  const annotations = template.metadata?.annotations ?? {};
  return [
    ...warnOfPlacement(spec, inSpec),
    ...warnOfAnnotations(annotations, `${inMetadata}.annotations`),
    ...warnOfAliases(spec, inSpec),
    ...(spec.volumes ?? []).flatMap((volume, index) => warnOfVolume(volume, `${inSpec}.volumes[${index}]`)),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, index) =>
      name ? [] : [`${inSpec}.imagePullSecrets[${index}].name: invalid empty name ""`],
    ),
    ...warnOfProfiles(annotations, `${inMetadata}.annotations`),
    ...warnOfContainers(spec, inSpec),
    ...warnOfSelectors(spec.affinity, `${inSpec}.affinity`),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((address, index) =>
      warnOfNotation(address, `${inSpec}.dnsConfig.nameservers[${index}]`),
    ),
  ];
}

function warnOfPlacement({ nodeSelector, affinity, topologySpreadConstraints = [] }: PodSpec, path: string): string[] {
  const node = `${path}.affinity.nodeAffinity`;
  const { requiredDuringSchedulingIgnoredDuringExecution: must, preferredDuringSchedulingIgnoredDuringExecution: may } =
    affinity?.nodeAffinity ?? {};
  return [
    ...Object.keys(nodeSelector ?? {}).flatMap((label) => {
      const said = deprecationOf(label);
      return said ? [`${path}.nodeSelector[${label}]: ${said}`] : [];
    }),
    ...warnOfTerms(
      (must?.nodeSelectorTerms ?? []).map((term, index) => [
        `${node}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`,
        term,
      ]),
    ),
    ...warnOfTerms(
      (may ?? []).map(({ preference }, index) => [
        `${node}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`,
        preference,
      ]),
    ),
    ...topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, index) => {
      const at = `${path}.topologySpreadConstraints[${index}]`;
      const said = deprecationOf(topologyKey);
      return [
        ...(said ? [`${at}.topologyKey: ${topologyKey} is ${said}`] : []),
        ...warnOfNoSelector(labelSelector, at),
      ];
    }),
  ];
}

function warnOfNoSelector(selector: object | undefined, path: string): string[] {
  return selector ? [] : [`${path}.labelSelector: a null labelSelector results in matching no pod`];
}

const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";
const CRITICAL = "scheduler.alpha.kubernetes.io/critical-pod";

type Annotations = Readonly<Record<string, string>>;

function warnOfAnnotations(annotations: Annotations, path: string): string[] {
  return [
    ...Object.keys(annotations)
      .filter((key) => key.startsWith(APP_ARMOR))
      .map((key) => `${path}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`),
    ...(CRITICAL in annotations
      ? [`${path}[${CRITICAL}]: non-functional in v1.16+; use the "priorityClassName" field instead`]
      : []),
  ];
}

const SECCOMP = ["seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/"];

function warnOfProfiles(annotations: Annotations, path: string): string[] {
  return Object.keys(annotations)
    .filter((key) => SECCOMP.some((known) => key.startsWith(known)))
    .map((key) => `${path}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`);
}

function warnOfAliases({ hostAliases = [] }: PodSpec, path: string): string[] {
  const seen = new Set<string>();
  return hostAliases.flatMap(({ ip }, index) => {
    const isKnown = seen.has(ip);
    seen.add(ip);
    return isKnown ? [`${path}.hostAliases[${index}].ip: duplicate ip "${ip}"`] : [];
  });
}

const PAST_SOURCES: { readonly [field: string]: readonly [shown: string, since: string] } = {
  gitRepo: ["gitRepo", "v1.11, and disabled by default in v1.33+"],
  photonPersistentDisk: ["photonPersistentDisk", "v1.11, non-functional in v1.16+"],
  scaleIO: ["scaleIO", "v1.16, non-functional in v1.22+"],
  flocker: ["flocker", "v1.22, non-functional in v1.25+"],
  storageos: ["storageOS", "v1.22, non-functional in v1.25+"],
  quobyte: ["quobyte", "v1.22, non-functional in v1.25+"],
  glusterfs: ["glusterfs", "v1.25, non-functional in v1.26+"],
  cephfs: ["cephfs", "v1.28, non-functional in v1.31+"],
  rbd: ["rbd", "v1.28, non-functional in v1.31+"],
};

function warnOfVolume(volume: Volume, path: string): string[] {
  return Object.keys(volume).flatMap((field) => {
    const past = PAST_SOURCES[field];
    return past ? [`${path}.${past[0]}: deprecated in ${past[1]}`] : [];
  });
}

function warnOfSelectors(affinity: Affinity | undefined, path: string): string[] {
  return (["podAffinity", "podAntiAffinity"] as const).flatMap((kind) => {
    const {
      requiredDuringSchedulingIgnoredDuringExecution: must,
      preferredDuringSchedulingIgnoredDuringExecution: may,
    } = affinity?.[kind] ?? {};
    const at = `${path}.${kind}`;
    return [
      ...(must ?? []).flatMap(({ labelSelector }, index) =>
        warnOfNoSelector(labelSelector, `${at}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`),
      ),
      ...(may ?? []).flatMap(({ podAffinityTerm }, index) =>
        warnOfNoSelector(
          podAffinityTerm.labelSelector,
          `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm`,
        ),
      ),
    ];
  });
}
