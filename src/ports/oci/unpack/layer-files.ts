/** The regular files of a layer in memory, within limits, remembered by diffID. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import type { LayerFile, LayerReadOptions } from "../image.ts";
import { Shared } from "../shared.ts";
import { bothEnds } from "./extract.ts";
import { decompress, type LayerContent } from "./layer-store.ts";
import { UnsafeArchive } from "./paths.ts";

const REMEMBERED_BYTES = 16 * 1024 * 1024;

/** Layers that were read lately. */
export class LayerFiles {
  private readonly known = new Map<string, readonly LayerFile[]>();
  private readonly running = new Shared<readonly LayerFile[]>();
  private bytes = 0;

  /** Throws UnsafeArchive when the layer is beyond the limits or is not what its diffID says. */
  async read(layer: LayerContent, options: LayerReadOptions): Promise<readonly LayerFile[]> {
    const found = this.known.get(layer.diffId);
    if (found) this.known.delete(layer.diffId);
    const run = (signal: AbortSignal): Promise<readonly LayerFile[]> => readFiles(layer, { ...options, signal });
    const files = found ?? (await this.running.run(layer.diffId, run, options.signal));
    this.remember(layer.diffId, files, found !== undefined);
    return files;
  }

  /** Last used comes last; the first ones go when there is too much. */
  private remember(diffId: string, files: readonly LayerFile[], isKnown: boolean): void {
    if (!isKnown && !this.known.has(diffId)) this.bytes += sizeOf(files);
    this.known.set(diffId, files);
    for (const [oldest, content] of this.known) {
      if (this.bytes <= REMEMBERED_BYTES) return;
      this.known.delete(oldest);
      this.bytes -= sizeOf(content);
    }
  }
}

function sizeOf(files: readonly LayerFile[]): number {
  return files.reduce((total, { content }) => total + content.length, 0);
}

async function readFiles(
  layer: LayerContent,
  { maxBytes, maxFiles, signal }: LayerReadOptions & { signal: AbortSignal },
): Promise<readonly LayerFile[]> {
  const hash = createHash("sha256");
  const plain = decompress(Readable.from(await layer.open(signal), { objectMode: false }), layer.compression);
  const entries = extract();
  const files: LayerFile[] = [];
  let total = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      total += chunk.length;
      if (total > maxBytes) throw new UnsafeArchive(`the layer is larger than ${maxBytes} bytes when unpacked`);
      hash.update(chunk);
      yield chunk;
    }
  };
  const collect = async (): Promise<void> => {
    for await (const entry of entries) {
      if (entry.header.type !== "file") {
        entry.resume();
        continue;
      }
      if (files.length === maxFiles) throw new UnsafeArchive(`the layer has more than ${maxFiles} files`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      files.push({ path: entry.header.name, content: Buffer.concat(chunks) });
    }
  };
  const collecting = collect().catch((error: Error) => {
    entries.destroy(error);
    throw error;
  });
  await bothEnds(pipeline(plain, counted, entries, { signal }), collecting);
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== layer.diffId) throw new UnsafeArchive(`the layer's content is ${actual}, expected ${layer.diffId}`);
  return files;
}
