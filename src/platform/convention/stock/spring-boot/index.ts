/** The Spring Boot convention: containers in pod order, each through the same list. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { clone } from "#kit/json.ts";
import type { ConventionInput, ConventionResult, ImageDescription, InProcessConvention } from "../../convention.ts";
import { withLiveView } from "../live-view.ts";
import { framework, PROPERTY_CONVENTIONS } from "./conventions.ts";
import { springLiveView } from "./live-view.ts";
import { readProperties, writeProperties } from "./properties.ts";
import { DRIVER_NAMES, SERVICE_INTENTS } from "./service-intents.ts";
import { has, type Subject } from "./subject.ts";

const SWITCH = "apps.tanzu.vmware.com/auto-configure-actuators";
const ALL = [framework, ...PROPERTY_CONVENTIONS, ...SERVICE_INTENTS];
/** For containers whose JAVA_TOOL_OPTIONS come from elsewhere: nobody can know them, so nothing relies on them. */
const WITHOUT_PROPERTIES = [framework, ...SERVICE_INTENTS];
const COMPONENTS = ["spring-boot", "spring-boot-actuator", ...DRIVER_NAMES];

export const springBoot: InProcessConvention = {
  name: "spring-boot-convention",
  doc: [
    "Spring Boot applications, told by the components of their bill of materials.",
    "Properties are kept in `JAVA_TOOL_OPTIONS`: what the user set there wins, the rest is added, sorted and quoted.",
    "Values (annotation `conventions.slipway.dev/values`): autoConfigureActuators, livenessProbe, readinessProbe, startupProbe (timings), serviceIntentAlias.",
  ].join(" "),
  effects: [
    ...ALL.map(({ name, when, sets }) => ({ name, when, sets })),
    {
      name: "app-live-view-connector-boot",
      when: 'spring-boot, unless label `tanzu.app.live.view: "false"`; -scg besides with Spring Cloud Gateway',
      sets: "labels `tanzu.app.live.view`, `…application.name`, `…application.actuator.port` and `…actuator.path` (with `_` for `/`)",
    },
    {
      name: "app-live-view-appflavours-boot",
      when: "same; -scg besides with Spring Cloud Gateway",
      sets: "label `…application.flavours`: spring-boot or spring-boot_spring-cloud-gateway",
    },
  ],
  apply(input) {
    const isSpring = ({ image = "" }: k8s.Container): boolean => {
      const found = input.images.get(image);
      return found !== undefined && has({ image: found }, ...COMPONENTS);
    };
    if (!input.template.spec?.containers.some(isSpring)) return { template: input.template, applied: [] };
    return applyToAll(input, isSpring);
  },
};

function applyToAll(
  { template: original, images, values }: ConventionInput,
  isSpring: (container: k8s.Container) => boolean,
): ConventionResult {
  const copy = clone(original) as { metadata?: Partial<Subject["template"]["metadata"]>; spec: k8s.PodSpec };
  const { labels = {}, annotations = {} } = copy.metadata ?? {};
  let template = { ...copy, metadata: { ...copy.metadata, labels, annotations } };
  const configuresActuators = labels[SWITCH] ? labels[SWITCH] === "true" : values.autoConfigureActuators === true;
  const applied: string[] = [];
  for (const [at, container] of template.spec.containers.entries()) {
    if (!isSpring(container)) continue;
    const image = images.get(container.image ?? "") as ImageDescription;
    const read = readProperties(container);
    const properties = read ?? { values: new Map(), others: [] };
    const subject = { template, container, image, values, configuresActuators, properties };
    for (const { isFor, apply, name } of read ? ALL : WITHOUT_PROPERTIES)
      if (isFor(subject)) {
        apply(subject);
        applied.push(name);
      }
    if (read) template.spec.containers[at] = writeProperties(container, read);
    if (!has(subject, "spring-boot")) continue;
    const view = springLiveView(subject);
    const labelled = withLiveView(template as k8s.PodTemplateSpec, image, view);
    if (!labelled) continue;
    template = labelled as typeof template;
    applied.push(...view.applied);
  }
  return { template: template as k8s.PodTemplateSpec, applied };
}
