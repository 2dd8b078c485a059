/** Application Live View for Spring Boot: where its actuators are, by the properties that move them. Pure. */
import type { LiveView } from "../live-view.ts";
import { has, type Subject } from "./subject.ts";

const GATEWAY = ["spring-cloud-gateway-server", "spring-cloud-gateway-core", "spring-cloud-starter-gateway"];

export type SpringLiveView = LiveView & { applied: readonly string[] };

/** What the labels say of this application, and the names of the conventions that say it. */
export function springLiveView(subject: Pick<Subject, "image" | "properties">): SpringLiveView {
  const isGateway = has(subject, ...GATEWAY);
  const kinds = ["boot", ...(isGateway ? ["scg"] : [])];
  return {
    flavours: ["spring-boot", ...(isGateway ? ["spring-cloud-gateway"] : [])],
    actuator: actuatorOf(subject.properties.values),
    fallbackName: "spring-boot-app",
    applied: kinds.flatMap((kind) => [`app-live-view-connector-${kind}`, `app-live-view-appflavours-${kind}`]),
  };
}

/** Undefined when actuators on the root path of the application would hide it: Spring Boot then turns them off. */
export function actuatorOf(values: ReadonlyMap<string, string>): LiveView["actuator"] {
  const serverPort = values.get("server.port") ?? "8080";
  const port = values.get("management.server.port") ?? serverPort;
  const endpoints = values.get("management.endpoints.web.base-path") ?? "/actuator";
  const context = values.get("server.servlet.context-path") ?? values.get("server.servlet.context.path") ?? "";
  const isOwnServer = port !== serverPort;
  if (!isOwnServer && joinPath(endpoints) === "") return undefined;
  const base = isOwnServer ? (values.get("management.server.base-path") ?? "") : context;
  return { port, path: joinPath(base, endpoints) };
}

function joinPath(...parts: readonly string[]): string {
  return parts
    .flatMap((part) => part.split("/"))
    .filter((part) => part !== "")
    .join("/");
}
