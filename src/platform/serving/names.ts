/** Names that follow from other names. Pure. */
import { createHash } from "node:crypto";

/** Longest name that leaves room for what is made from it. */
const LONGEST = 63;

/** `parent + suffix`, shortened with a digest in between when it is too long (knative.dev/pkg/kmeta.ChildName). */
export function childName(parent: string, suffix: string): string {
  const name = `${parent}${suffix}`;
  if (name.length <= LONGEST) return name;
  const digest = createHash("md5").update(parent).digest("hex");
  if (suffix.length > LONGEST - digest.length) {
    const whole = createHash("md5").update(name).digest("hex");
    return `${name.slice(0, LONGEST - whole.length)}${whole}`;
  }
  return `${parent.slice(0, LONGEST - digest.length - suffix.length)}${digest}${suffix}`;
}

/** Name of the revision that a generation of a Configuration makes. */
export function revisionName(configuration: string, generation: number): string {
  return childName(configuration, `-${String(generation).padStart(5, "0")}`);
}

export function deploymentName(revision: string): string {
  return childName(revision, "-deployment");
}

/** Name of the placeholder and host prefix of a tagged target. */
export function taggedName(tag: string, route: string): string {
  return childName(`${tag}-`, route);
}
