/** Which backing services a Spring Boot application wants, by the drivers in its bill of materials. */
import { componentOf } from "../image-facts.ts";
import { has, type SpringConvention } from "./subject.ts";

const DRIVERS: { readonly [service: string]: readonly string[] } = {
  mysql: ["mysql-connector-java", "r2dbc-mysql"],
  postgres: ["postgresql", "r2dbc-postgresql"],
  mongodb: ["mongodb-driver-core"],
  rabbitmq: ["amqp-client"],
  redis: ["jedis"],
  kafka: ["kafka-clients"],
  "kafka-streams": ["kafka-streams"],
};

/** Components that this list looks for. */
export const DRIVER_NAMES: readonly string[] = Object.values(DRIVERS).flat();

const PREFIX = "services.conventions.carto.run";
const ALIAS = "services.conventions.apps.tanzu.vmware.com";

export const SERVICE_INTENTS: readonly SpringConvention[] = Object.entries(DRIVERS).map(([service, drivers]) => ({
  name: `service-intent-${service}`,
  when: drivers.join(" or "),
  sets: `label \`${PREFIX}/${service}: <container>\` and annotation of the same name: the driver with its version; with value serviceIntentAlias also as \`${ALIAS}/${service}\``,
  isFor: (subject) => has(subject, ...drivers),
  apply({ template, container, image, values }) {
    const driver = drivers.map((name) => componentOf(image, name)).find(Boolean);
    for (const prefix of values.serviceIntentAlias === true ? [PREFIX, ALIAS] : [PREFIX]) {
      template.metadata.labels[`${prefix}/${service}`] = container.name;
      template.metadata.annotations[`${prefix}/${service}`] = `${driver?.name}/${driver?.version}`;
    }
  },
}));
