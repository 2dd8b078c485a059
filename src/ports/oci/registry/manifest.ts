/** Reading pushed manifests: what they are, which blobs they need, what they are about. */

import { isObject } from "#kit/json.ts";
import { isDigest } from "#ports/blobs/digest.ts";
import type { Descriptor } from "../image.ts";
import { isForeignLayer, isIndexType, MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST } from "../media-types.ts";
import { RegistryError } from "./errors.ts";

export type ParsedManifest = {
  mediaType: string;
  /** Digests that must be in the repository before the manifest may be. */
  blobs: string[];
  subject?: string;
  artifactType?: string;
  annotations?: Record<string, string>;
};

/** Parses a manifest or index. Throws RegistryError MANIFEST_INVALID with the place that is wrong. */
export function parseManifest(content: Buffer, contentType: string | undefined): ParsedManifest {
  const body = parseJson(content);
  const mediaType = mediaTypeOf(body, contentType);
  if (body.schemaVersion !== 2) throw invalid(`schemaVersion is ${JSON.stringify(body.schemaVersion)}, expected 2`);
  const isIndex = isIndexType(mediaType);
  const config = isIndex ? undefined : descriptor(body.config, "config");
  const layers = isIndex ? [] : descriptors(body.layers, "layers").filter((layer) => !isForeign(layer));
  if (isIndex) descriptors(body.manifests, "manifests");
  const subject = body.subject === undefined ? undefined : descriptor(body.subject, "subject");
  const artifactType = typeof body.artifactType === "string" ? body.artifactType : config?.mediaType;
  return {
    mediaType,
    blobs: [...(config ? [config] : []), ...layers].map(({ digest }) => digest),
    ...(subject && { subject: subject.digest }),
    ...(artifactType && { artifactType }),
    ...(isObject(body.annotations) && { annotations: body.annotations as Record<string, string> }),
  };
}

/** Every digest that a stored manifest or index refers to: configuration, layers and other manifests. Not its subject. */
export function referredDigests(content: Buffer): string[] {
  const {
    config,
    layers = [],
    manifests = [],
  } = parseJson(content) as {
    config?: Descriptor;
    layers?: Descriptor[];
    manifests?: Descriptor[];
  };
  return [...(config ? [config] : []), ...layers, ...manifests].map(({ digest }) => digest);
}

/** How a manifest appears in the referrers list of its subject. */
export function referrerDescriptor(
  manifest: ParsedManifest,
  stored: { digest: string; size: number; mediaType: string },
): Descriptor {
  return {
    mediaType: stored.mediaType,
    digest: stored.digest,
    size: stored.size,
    ...(manifest.artifactType && { artifactType: manifest.artifactType }),
    ...(manifest.annotations && { annotations: manifest.annotations }),
  };
}

/** The tag under which clients of older registries keep the referrers of a digest. */
export function fallbackTag(digest: string): string {
  return digest.replace(":", "-").slice(0, 128);
}

function mediaTypeOf(body: Record<string, unknown>, contentType: string | undefined): string {
  const declared = typeof body.mediaType === "string" ? body.mediaType : undefined;
  const sent = contentType?.split(";")[0]?.trim();
  if (declared && sent && declared !== sent) throw invalid(`mediaType is ${declared} but the Content-Type is ${sent}`);
  const mediaType = declared ?? sent ?? (Array.isArray(body.manifests) ? OCI_INDEX : OCI_MANIFEST);
  if (!MANIFEST_TYPES.some((known) => known === mediaType))
    throw invalid(`media type ${mediaType} is not supported, expected one of ${MANIFEST_TYPES.join(", ")}`);
  return mediaType;
}

function parseJson(content: Buffer): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(content.toString());
    if (isObject(body)) return body;
  } catch (error) {
    throw invalid(`the manifest is not JSON: ${(error as Error).message}`);
  }
  throw invalid("the manifest is not a JSON object");
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`${where} is missing`);
  return value.map((item, position) => descriptor(item, `${where}[${position}]`));
}

function descriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalid(`${where} is missing`);
  if (typeof value.digest !== "string" || !isDigest(value.digest)) throw invalid(`${where}.digest is not a digest`);
  if (typeof value.mediaType !== "string") throw invalid(`${where}.mediaType is missing`);
  if (!Number.isSafeInteger(value.size) || (value.size as number) < 0) throw invalid(`${where}.size is not a size`);
  return value as Descriptor;
}

function isForeign(layer: Descriptor): boolean {
  return isForeignLayer(layer.mediaType) || "urls" in layer;
}

function invalid(message: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", message);
}
