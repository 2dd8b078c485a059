/** What a proxy request leads to: a port of a pod, or an endpoint of a service. */
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Service } from "#api/builtin/types.gen.ts";
import { failure, notFound } from "#kit/status.ts";
import { findEndpoint } from "../admission/services.ts";
import type { Server } from "../server.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { requireStreams } from "./connect.ts";
import { parsePort } from "./options.ts";
import { podOf } from "./target.ts";

export type ProxyTarget = {
  scheme: "http" | "https";
  /** Host names and addresses of the server, as its own links may have them. */
  hosts: readonly string[];
  /** Rejects with an Error that says what went wrong. */
  connect(): Promise<Duplex>;
};

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Finds what is meant. Throws NotFound, BadRequest or ServiceUnavailable. */
export function proxyTarget(request: ResourceRequest, server: Server): ProxyTarget {
  const { scheme, name, port } = splitName(request.target.name ?? "");
  const named = { ...request, target: { ...request.target, name } };
  const { plural } = request.target;
  const target =
    plural === "pods" ? podTarget(named, server, { scheme, port }) : serviceTarget(named, server, { scheme, port });
  if (scheme === "http") return target;
  return {
    ...target,
    connect: async () => connectTls({ socket: await target.connect(), rejectUnauthorized: false }),
  };
}

type Asked = { scheme: "http" | "https"; port: string };

/** `name`, `name:port` or `scheme:name:port`. Throws BadRequest. */
function splitName(text: string): Asked & { name: string } {
  const parts = text.split(":");
  const [scheme, name, port] = parts.length === 3 ? parts : ["", parts[0], parts[1] ?? ""];
  if (parts.length > 3 || !name || port === undefined || !["", "http", "https"].includes(scheme ?? ""))
    throw failure(
      "BadRequest",
      `invalid proxy target ${JSON.stringify(text)}: use NAME, NAME:PORT or SCHEME:NAME:PORT`,
    );
  return { scheme: scheme === "https" ? "https" : "http", name, port };
}

function podTarget(request: ResourceRequest, server: Server, { scheme, port }: Asked): ProxyTarget {
  const pod = podOf(request);
  const streams = requireStreams(server);
  const { namespace = "", name } = pod.metadata;
  const declared = pod.spec?.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  const number = port === "" ? (declared ?? DEFAULT_PORTS[scheme]) : parsePort(port);
  const hosts = [pod.status?.podIP ?? "", `${pod.status?.podIP}:${number}`];
  return { scheme, hosts, connect: () => streams.connect(namespace, name, number) };
}

function serviceTarget({ served, target }: ResourceRequest, server: Server, { scheme, port }: Asked): ProxyTarget {
  const { namespace = "", name = "" } = target;
  const entry = served.collection.get(served.key(namespace, name));
  if (!entry) throw notFound(served.id, name);
  const { ports = [] } = (entry.object as unknown as Service).spec ?? {};
  const found = ports.find((candidate) => candidate.port === Number(port) || (candidate.name ?? "") === port);
  if (/^\d+$/.test(port) && !found)
    throw failure("ServiceUnavailable", `no service port ${port} found for service ${JSON.stringify(name)}`);
  const place = found && findEndpoint(server.objects, { namespace, name, port: found.name });
  if (!place) throw failure("ServiceUnavailable", `no endpoints available for service ${JSON.stringify(name)}`);
  const connect = () => server.podStreams?.dial?.(place) ?? dial(place);
  return { scheme, hosts: [place.host, `${place.host}:${place.port}`], connect };
}

function dial({ host, port }: { host: string; port: number }): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port });
    socket.once("error", () => reject(new Error(`dial tcp ${host}:${port}: connect: connection refused`)));
    socket.once("connect", () => resolve(socket.removeAllListeners("error")));
  });
}
