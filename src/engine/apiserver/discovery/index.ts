/** Every path that is not a resource: health, version, discovery, OpenAPI. */
import { Readable } from "node:stream";
import { failure } from "#kit/status.ts";
import type { Registry } from "../resources/registry.ts";
import type { Answer } from "../wire/answer.ts";
import { acceptedForms, choose } from "../wire/negotiate.ts";
import type { Query, RawRequest } from "../wire/request.ts";
import { noRoute, UnknownPathError } from "../wire/route.ts";
import { encodeSwagger } from "./gnostic.ts";
import { aggregated, coreVersions, group, groupList, resourceList } from "./groups.ts";
import { openApiDocument, openApiIndex } from "./openapi.ts";
import { swaggerDocument } from "./openapi-v2.ts";

/** The Kubernetes version whose API is served. */
const KUBERNETES_VERSION = "v1.32.0";

const VERSION = {
  major: "1",
  minor: "32",
  gitVersion: `${KUBERNETES_VERSION}+slipway`,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: `node${process.versions.node}`,
  compiler: "node",
  platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
};

const SWAGGER_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/** The OpenAPI v2 document, in the form that the client asks for. */
function describeSwagger(request: RawRequest, registry: Registry): Answer {
  const document = swaggerDocument(registry, KUBERNETES_VERSION);
  if (!request.accept?.includes(SWAGGER_PROTOBUF)) return object(document);
  const contentType = SWAGGER_PROTOBUF.replace("@", ".");
  return { kind: "stream", contentType, chunks: Readable.from([encodeSwagger(document)]) };
}

/** Answers a request for something that is not a resource. Throws NotFound. */
export function describeServer(request: RawRequest, registry: Registry): Answer {
  const [root = "", ...rest] = request.path.split("/").filter((part) => part !== "");
  const isRoute = root === "version" || ((root === "api" || root === "apis") && rest.length > 0);
  if (request.method !== "GET" && request.method !== "HEAD" && isRoute)
    throw failure("MethodNotAllowed", "the server does not allow this method on the requested resource", {});
  switch (root) {
    case "healthz":
    case "livez":
    case "readyz":
      return describeHealth(root, rest, request.query);
    case "version":
      return object(VERSION);
    case "":
      return object({
        paths: ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"],
      });
    case "api":
      return describeCore(request, registry, rest);
    case "apis":
      return describeGroups(request, registry, rest);
    case "openapi":
      return describeSchemas(request, registry, rest);
    default:
      throw missing();
  }
}

/** What can be asked for one by one. Whoever answers is well. */
const HEALTH_CHECKS = ["ping", "log", "etcd"];

function describeHealth(root: string, [check, ...more]: readonly string[], { verbose }: Query): Answer {
  if (check !== undefined && (more.length > 0 || !HEALTH_CHECKS.includes(check))) throw missing();
  const lines = HEALTH_CHECKS.map((name) => `[+]${name} ok\n`).join("");
  const text = verbose === undefined || check !== undefined ? "ok" : `${lines}${root} check passed\n`;
  return { kind: "text", code: 200, text };
}

function missing(): Error {
  return new UnknownPathError();
}

function object(value: object | undefined): Answer {
  if (!value) throw missing();
  return { kind: "object", code: 200, object: value };
}

function routed(value: object | undefined): Answer {
  if (!value) throw noRoute();
  return object(value);
}

function describeCore(request: RawRequest, registry: Registry, [version, ...more]: readonly string[]): Answer {
  if (more.length > 0) throw missing();
  if (version) return routed(resourceList(registry, "", version));
  return aggregate(request, registry, "core") ?? object(coreVersions(""));
}

function describeGroups(request: RawRequest, registry: Registry, rest: readonly string[]): Answer {
  const [name, version, ...more] = rest;
  if (more.length > 0) throw missing();
  if (name && version && registry.isOwn(name)) return routed(resourceList(registry, name, version));
  if (name && version) return object(resourceList(registry, name, version));
  if (name) return object(group(registry, name));
  return aggregate(request, registry, "groups") ?? object(groupList(registry));
}

/** The aggregated form, if the client prefers it; it is told by the content type that it got it. */
function aggregate(request: RawRequest, registry: Registry, scope: "core" | "groups"): Answer | undefined {
  const form = choose(acceptedForms(request.accept), ["APIGroupDiscoveryList"]);
  if (form.as === "") return undefined;
  const version = form.version || "v2";
  const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  return { kind: "object", code: 200, object: aggregated(registry, scope, version), contentType };
}

function describeSchemas(request: RawRequest, registry: Registry, rest: readonly string[]): Answer {
  const [version, ...path] = rest;
  if (version === "v2" && path.length === 0) {
    return describeSwagger(request, registry);
  }
  if (version !== "v3") throw missing();
  if (path.length === 0) return object(openApiIndex(registry));
  const document = openApiDocument(registry, path.slice(1).join("/"));
  return document ? object(document) : { kind: "text", code: 404, text: "" };
}
