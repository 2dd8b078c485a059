/** Lists: tags, referrers and repositories. */
import { OCI_INDEX } from "../media-types.ts";
import { RegistryError } from "./errors.ts";
import { type Exchange, paginate, replyJson, targetDigest } from "./exchange.ts";

export function listTags(exchange: Exchange): void {
  const { registry, repository, response } = exchange;
  if (!registry.hasRepository(repository))
    throw new RegistryError("NAME_UNKNOWN", `repository ${repository} does not exist: push an image to create it`);
  const { names, headers } = paginate(exchange, `/v2/${repository}/tags/list`, registry.tags(repository));
  replyJson(response, { name: repository, tags: names }, headers);
}

export function listRepositories(exchange: Exchange): void {
  const { names, headers } = paginate(exchange, "/v2/_catalog", exchange.registry.repositories());
  replyJson(exchange.response, { repositories: names }, headers);
}

export async function listReferrers(exchange: Exchange): Promise<void> {
  const digest = targetDigest(exchange);
  const type = exchange.query.get("artifactType");
  const all = await exchange.registry.referrers(exchange.repository, digest);
  const manifests = type === null ? all : all.filter((descriptor) => descriptor.artifactType === type);
  replyJson(
    exchange.response,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    { "Content-Type": OCI_INDEX, ...(type !== null && { "OCI-Filters-Applied": "artifactType" }) },
  );
}
