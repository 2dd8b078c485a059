/** From a convention's client configuration to the endpoint that is called. */
import type { ClusterPodConvention } from "#api/conventions.carto.run/index.ts";
import { ConventionFailure, type Reader } from "../convention.ts";
import { authorityOf } from "./authority.ts";
import type { Endpoint } from "./call.ts";
import type { ServiceResolver } from "./service.ts";

const HTTPS_PORT = 443;

/** Resolves authority and address. Throws ConventionFailure; a service without a ready pod is worth another try. */
export async function endpointOf(
  convention: ClusterPodConvention,
  { reader, services }: { reader: Reader; services: ServiceResolver },
): Promise<Endpoint> {
  const { url, service } = convention.spec.webhook?.clientConfig ?? {};
  if ((url === undefined) === (service === undefined))
    throw refused("spec.webhook.clientConfig: expected exactly one of url and service");
  const authority = await authorityOf(convention, reader);
  if (url !== undefined) return { ...parseUrl(url), authority };
  const { namespace = "", name = "", path = "/", port = HTTPS_PORT } = service ?? {};
  const address = await services(namespace, name, port);
  const serverName = `${name}.${namespace}.svc`;
  if (address) return { ...address, path: path.startsWith("/") ? path : `/${path}`, serverName, authority };
  const message = `service ${namespace}/${name} has no ready endpoint for port ${port}: look at its pods`;
  throw new ConventionFailure("ConventionsApplied", message, { retry: true });
}

/** Kubernetes' rule for webhooks: https, a host, and no user, query or fragment. */
function parseUrl(text: string): Omit<Endpoint, "authority"> {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || !url.hostname)
    throw refused(`spec.webhook.clientConfig.url: "${text}" is no https URL`);
  if (url.username || url.password || url.search || url.hash)
    throw refused(`spec.webhook.clientConfig.url: "${text}" must have no user, query or fragment`);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(url.port) || HTTPS_PORT, path: url.pathname, serverName: host };
}

function refused(message: string): ConventionFailure {
  return new ConventionFailure("ConventionsApplied", message);
}
