/** Application Live View: the labels by which its connector finds an application and its actuators. Pure. */
import type { PodTemplateSpec } from "#api/builtin/types.gen.ts";
import type { ImageDescription, InProcessConvention } from "../convention.ts";
import { componentsOf } from "../image/bom.ts";
import { withLabels } from "./edit.ts";
import { labelOf } from "./image-facts.ts";

const VIEW = "tanzu.app.live.view";
const APPLICATION = `${VIEW}.application`;

export type LiveView = {
  flavours: readonly string[];
  /** Where the actuators are; undefined when they cannot be reached. */
  actuator: { port: string; path: string } | undefined;
  /** Used when neither workload nor image has a name. */
  fallbackName: string;
};

/** The labels, under those that the template has. Undefined when the user opted out with `tanzu.app.live.view: "false"`. */
export function withLiveView(
  template: PodTemplateSpec,
  image: ImageDescription | undefined,
  view: LiveView,
): PodTemplateSpec | undefined {
  const own = template.metadata?.labels ?? {};
  if (own[VIEW] === "false") return undefined;
  const name = own["carto.run/workload-name"] ?? labelOf(image, "org.opencontainers.image.title") ?? view.fallbackName;
  const labels = {
    [VIEW]: "true",
    [`${APPLICATION}.name`]: toLabelValue(name),
    // A label's value cannot have a comma.
    [`${APPLICATION}.flavours`]: view.flavours.join("_"),
    ...(view.actuator && {
      [`${APPLICATION}.actuator.port`]: view.actuator.port,
      [`${APPLICATION}.actuator.path`]: toLabelValue(view.actuator.path.replaceAll("/", "_")),
    }),
  };
  return withLabels(template, { ...labels, ...own });
}

function toLabelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}

/** Steeltoe, the .NET framework with actuators. Spring Boot's labels come with its own convention. */
export const liveView: InProcessConvention = {
  name: "appliveview-sample",
  doc: 'Application Live View for Steeltoe applications (Steeltoe.Management in the bill of materials). Labels that the pod has win; `tanzu.app.live.view: "false"` opts out.',
  effects: [
    {
      name: "app-live-view-connector-steeltoe",
      when: "the bill of materials has a Steeltoe.Management component",
      sets: `labels \`${VIEW}\`, \`${APPLICATION}.name\`, \`${APPLICATION}.actuator.port\` (8080) and \`.actuator.path\` (actuator)`,
    },
    { name: "app-live-view-appflavours-steeltoe", when: "same", sets: `label \`${APPLICATION}.flavours: steeltoe\`` },
  ],
  apply({ template, images }) {
    const found = (template.spec?.containers ?? [])
      .map(({ image = "" }) => images.get(image))
      .find((image) => image && componentsOf(image.boms).some(({ name }) => name.startsWith("Steeltoe.Management")));
    const actuator = { port: "8080", path: "actuator" };
    const labelled =
      found && withLiveView(template, found, { flavours: ["steeltoe"], actuator, fallbackName: "steeltoe-app" });
    if (!labelled) return { template, applied: [] };
    return { template: labelled, applied: ["app-live-view-connector-steeltoe", "app-live-view-appflavours-steeltoe"] };
  },
};
