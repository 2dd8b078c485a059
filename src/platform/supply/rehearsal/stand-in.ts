/** What stands in the place of an output that nobody knows yet. Pure. */
import type { Step } from "../blueprint.ts";
import type { Output } from "../output.ts";

/** Texts in angle brackets that name the step. */
export function standIn({ name, templateRef }: Step): Output {
  const text = (what: string): string => `<${what} of ${name}>`;
  switch (templateRef.kind) {
    case "ClusterSourceTemplate":
    case "ClusterDeploymentTemplate":
      return { kind: "source", url: text("url"), revision: text("revision") };
    case "ClusterImageTemplate":
      return { kind: "image", image: text("image") };
    case "ClusterConfigTemplate":
      return { kind: "config", config: text("config") };
    default:
      return { kind: "none" };
  }
}
