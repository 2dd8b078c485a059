/** Developer conventions: what a pod needs while somebody edits its source or debugs it. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ConventionInput, ImageDescription, InProcessConvention } from "../convention.ts";
import { mapContainers, withAnnotations, withMissingEnv } from "./edit.ts";
import { billedNames, defaultProcess, processesOf } from "./image-facts.ts";

const LIVE_UPDATE = "apps.tanzu.vmware.com/live-update";
const DEBUG = "apps.tanzu.vmware.com/debug";
const TARGETS = "developer.conventions/target-containers";
const ONE_POD = { "autoscaling.knative.dev/min-scale": "1", "autoscaling.knative.dev/max-scale": "1" };
const DEBUG_ENV = { BPL_DEBUG_ENABLED: "true", BPL_DEBUG_PORT: "9005" };
const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;
/** A debugger holds the program: probes must wait for it. */
const PATIENT_SECONDS = 600;

export const developer: InProcessConvention = {
  name: "developer-conventions",
  doc: "What a pod needs while somebody edits its source (live update) or debugs it. Runs last, so that it sees the probes of other conventions.",
  priority: "Late",
  effects: [
    {
      name: "live-update-convention",
      when: `annotation \`${LIVE_UPDATE}: "true"\` on the pod, and the image has a process that reloads (type reload, or watchexec)`,
      sets: "Knative min-scale and max-scale 1; the command of the reload process",
    },
    {
      name: "debug-convention",
      when: `annotation \`${DEBUG}: "true"\` on the pod, and debug-8 or debug-9 in the image's bill of materials (Java)`,
      sets: "BPL_DEBUG_ENABLED and BPL_DEBUG_PORT (9005) unless set; timeoutSeconds of existing probes at least 600; Knative min-scale and max-scale 1",
    },
  ],
  apply(input) {
    const annotations = input.template.metadata?.annotations ?? {};
    const applied: string[] = [];
    let { template } = input;
    const use = (name: string, change: Change): void => {
      const changed = changeTargets({ ...input, template }, change);
      if (!changed) return;
      template = withAnnotations(changed, ONE_POD);
      applied.push(name);
    };
    if (annotations[LIVE_UPDATE] === "true") use("live-update-convention", toReloading);
    if (annotations[DEBUG] === "true") use("debug-convention", toDebuggable);
    return { template, applied };
  },
};

/** Undefined when the container's image does not offer it. */
type Change = (container: k8s.Container, image: ImageDescription) => k8s.Container | undefined;

/** Changes the target containers; undefined when none of them could be changed. */
function changeTargets({ template, images }: Omit<ConventionInput, "values">, change: Change) {
  const named = template.metadata?.annotations?.[TARGETS]?.split(",").map((name) => name.trim());
  let isChanged = false;
  const changed = mapContainers(template, (container) => {
    const image = images.get(container.image ?? "");
    if (!image || (named && !named.includes(container.name))) return container;
    const next = change(container, image);
    isChanged ||= next !== undefined;
    return next ?? container;
  });
  return isChanged ? changed : undefined;
}

function toReloading(container: k8s.Container, image: ImageDescription): k8s.Container | undefined {
  const reload = processesOf(image).find(
    ({ type, command }) => type === "reload" || /watchexec/.test(command.join(" ")),
  );
  if (!reload) return undefined;
  if (container.command?.length || defaultProcess(image) === reload.type) return container;
  // A launcher sets up the environment of the process; without one the process is started as it is.
  const hasLauncher = image.config.config?.Entrypoint?.[0]?.startsWith("/cnb/") ?? false;
  return { ...container, command: hasLauncher ? [`/cnb/process/${reload.type}`] : reload.command };
}

function toDebuggable(container: k8s.Container, image: ImageDescription): k8s.Container | undefined {
  const names = billedNames(image);
  if (!names.has("debug-8") && !names.has("debug-9")) return undefined;
  const patient: Partial<k8s.Container> = {};
  for (const kind of PROBES) {
    const probe = container[kind];
    if (probe) patient[kind] = { ...probe, timeoutSeconds: Math.max(probe.timeoutSeconds ?? 1, PATIENT_SECONDS) };
  }
  return { ...withMissingEnv(container, DEBUG_ENV), ...patient };
}
