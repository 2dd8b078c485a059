/** Media types of OCI and Docker images, and what follows from them. */

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
export const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

/** What a client offers to read when it asks for a manifest. */
export const MANIFEST_TYPES = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST] as const;

export type Compression = "none" | "gzip" | "zstd";

/** True for a manifest that lists other manifests. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_LIST;
}

/** True for layers that a registry need not hold because their content comes from elsewhere. */
export function isForeignLayer(mediaType: string): boolean {
  return mediaType.includes("nondistributable") || mediaType.includes("foreign");
}

/** The OCI layer type with this compression. */
export function layerType(compression: Compression): string {
  return compression === "none" ? OCI_LAYER : `${OCI_LAYER}+${compression}`;
}

/** How a layer of this type is compressed; undefined when the type is no known layer type. */
export function compressionOf(mediaType: string): Compression | undefined {
  if (!/\b(layer|rootfs)\b.*\btar\b/.test(mediaType)) return undefined;
  if (/[.+]gzip$/.test(mediaType)) return "gzip";
  if (/[.+]zstd$/.test(mediaType)) return "zstd";
  return mediaType.endsWith("tar") ? "none" : undefined;
}
