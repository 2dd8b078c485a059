/** Images for conventions: configuration, pinned reference and bills of materials, from the node's image source. */
import type { ImageSource, LayerFile, LayerReader } from "#ports/oci/image.ts";
import { parseReference } from "#ports/oci/reference.ts";
import type { Bom, ImageResolver } from "../convention.ts";
import { bomLayer } from "./bom.ts";

/** Far above what bills of materials need, far below what would hurt. */
const NONE: readonly LayerFile[] = [];
const LIMITS = { maxBytes: 32 * 1024 * 1024, maxFiles: 256 };

/** Resolves through `source`; bills of materials are named `cnb-app:<path>` as upstream names them. */
export function imageResolver(source: ImageSource & LayerReader): ImageResolver {
  const named = new WeakMap<readonly LayerFile[], readonly Bom[]>();
  const toBoms = (files: readonly LayerFile[]): readonly Bom[] => {
    const boms = named.get(files) ?? files.map(({ path, content }) => ({ name: `cnb-app:${path}`, raw: content }));
    named.set(files, boms);
    return boms;
  };
  return {
    async describe(reference, { signal, credentials }) {
      const from = credentials ? source.withCredentials(credentials) : source;
      const found = await from.describe(reference, signal);
      const layer = bomLayer(found.config);
      const files = layer ? await from.readLayer(found.reference, layer, { ...LIMITS, signal }) : NONE;
      return { image: pinned(reference, found.reference), config: found.config, boms: toBoms(files) };
    },
  };
}

/** `resolved` is `repository@digest`; the tag that was asked for is kept in front of the digest. */
function pinned(asked: string, resolved: string): string {
  const tag = parseReference(asked)?.tag;
  const at = resolved.indexOf("@");
  return tag && at >= 0 ? `${resolved.slice(0, at)}:${tag}${resolved.slice(at)}` : resolved;
}
