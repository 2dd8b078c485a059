/** Who may know whom: the layers of the house as data, and the check that the import graph keeps to them. */
import type { ImportGraph } from "./graph.ts";

/** Rooms by path prefix; the longest prefix wins. A room may import itself and the rooms listed. */
const MAY_IMPORT: { readonly [room: string]: readonly string[] } = {
  kit: [],
  api: ["kit"],
  "ports/kube": ["api", "kit"],
  "ports/store": ["kit"],
  "ports/blobs": ["kit"],
  "ports/oci": ["ports/blobs", "kit"],
  "ports/git": ["kit"],
  "ports/sandbox": ["kit"],
  "ports/render": ["kit"],
  "engine/controller": ["ports/kube", "api", "kit"],
  "engine/apiserver": ["ports/store", "ports/kube", "api", "kit"],
  "engine/node": ["ports/kube", "ports/sandbox", "ports/blobs", "ports/oci", "engine/controller", "api", "kit"],
  "engine/network": ["ports/kube", "ports/sandbox", "engine/controller", "api", "kit"],
  "engine/scheduler": ["ports/kube", "engine/controller", "api", "kit"],
  "engine/gateway": ["ports/kube", "ports/sandbox", "engine/controller", "api", "kit"],
  platform: ["engine/controller", "ports/kube", "ports/blobs", "ports/oci", "ports/git", "ports/render", "api", "kit"],
  profiles: ["platform", "engine", "ports", "api", "kit"],
  cli: ["profiles", "platform", "ports/kube", "api", "kit"],
};

/** One broken rule, with the file and the import that break it. */
export type Violation = { file: string; imports: string; why: string };

/** Every import that points up or sideways. */
export function findViolations(graph: ImportGraph): Violation[] {
  const violations: Violation[] = [];
  for (const [file, imports] of graph)
    for (const target of imports) {
      const why = forbids(file, target);
      if (why) violations.push({ file, imports: target, why });
    }
  return violations;
}

function forbids(file: string, target: string): string | undefined {
  const from = roomOf(file);
  const to = roomOf(target);
  if (!from) return `${file} is in no room: add it to a folder that tools/arch/rules.ts knows`;
  if (!to) return `${target} is in no room`;
  if (from === "platform" && to === "platform") {
    const [left, right] = [component(file), component(target)];
    return left === right ? undefined : `component ${left} must not know component ${right}: meet through objects`;
  }
  if (from === to) return undefined;
  const allowed = MAY_IMPORT[from] ?? [];
  if (allowed.some((room) => to === room || to.startsWith(`${room}/`))) return undefined;
  return `${from} may import ${allowed.join(", ") || "nothing"}, not ${to}`;
}

function roomOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((room) => path.startsWith(`${room}/`))
    .sort((left, right) => right.length - left.length)[0];
}

function component(path: string): string {
  return path.split("/")[1] ?? "";
}

/** Import cycles between files, each as the chain that closes it. */
export function findCycles(graph: ImportGraph): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (file: string, chain: string[]): void => {
    const at = chain.indexOf(file);
    if (at >= 0) cycles.push([...chain.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...chain, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}
