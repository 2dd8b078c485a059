/** serving.knative.dev/v1 */
import { Configuration } from "./configuration.ts";
import { Revision } from "./revision.ts";
import { Route } from "./route.ts";
import { Service } from "./service.ts";

export * from "./names.ts";
export type { RevisionSpec, RevisionTemplate, ServingContainer } from "./template.ts";
export type { TrafficTarget } from "./traffic.ts";
export { Configuration, Revision, Route, Service };
