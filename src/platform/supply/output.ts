/** What a step gives to the next ones, and how the owner's status shows it. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { findAll } from "#kit/jsonpath.ts";
import { sha256 } from "#kit/names.ts";
import { renderGoYaml } from "./go-yaml.ts";

export type Output =
  | { kind: "source"; url: unknown; revision: unknown }
  | { kind: "image"; image: unknown }
  | { kind: "config"; config: unknown }
  | { kind: "none" };

export type OutputStatus = { name: string; preview: string; digest: string; lastTransitionTime?: string };

/** A path of the template that the stamped object has no value at yet. */
export class MissingValue extends Error {
  override name = "MissingValue";
  readonly path: string;

  constructor(path: string) {
    super(`no value at ${path}`);
    this.path = path;
  }
}

const PREVIEW_CHARACTERS = 1024;

/** Reads the output of a template kind from its stamped object. Throws MissingValue. */
export function readOutput(template: Template, stamped: Unstructured): Output {
  const { urlPath, revisionPath, imagePath, configPath } = template.spec;
  switch (template.kind) {
    case "ClusterSourceTemplate":
      return { kind: "source", url: valueAt(stamped, urlPath), revision: valueAt(stamped, revisionPath) };
    case "ClusterImageTemplate":
      return { kind: "image", image: valueAt(stamped, imagePath) };
    case "ClusterConfigTemplate":
      return { kind: "config", config: valueAt(stamped, configPath) };
    default:
      return { kind: "none" };
  }
}

function valueAt(object: Unstructured, path = ""): unknown {
  const [value] = findAll(object, path);
  if (value === undefined) throw new MissingValue(path);
  return value;
}

/** The first characters; one of two code units is not cut in half. */
function preview(text: string): string {
  return text.length <= PREVIEW_CHARACTERS ? text : [...text].slice(0, PREVIEW_CHARACTERS).join("");
}

/** The entries of `status.resources[].outputs`; times are kept while the digest stays. */
export function outputStatuses(output: Output, previous: readonly OutputStatus[], now: string): OutputStatus[] {
  const { kind: _kind, ...values } = output;
  return Object.entries(values).map(([name, value]) => {
    const text = renderGoYaml(value);
    const digest = sha256(text);
    const before = previous.find((entry) => entry.name === name && entry.digest === digest);
    return {
      name,
      preview: preview(text),
      digest,
      lastTransitionTime: before?.lastTransitionTime ?? now,
    };
  });
}
