/** The images that were pulled to this node, by the names under which pods ask for them. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { isObject } from "#kit/json.ts";

export type KnownImage = {
  /** `repository@sha256:…` */
  reference: string;
  sizeBytes: number;
};

const MOST_LISTED = 50;

/** Kept in a file; what the file loses is pulled again. */
export class KnownImages {
  private readonly file: string;
  private readonly images: Map<string, KnownImage>;
  private writing: Promise<void> = Promise.resolve();

  private constructor(file: string, images: Map<string, KnownImage>) {
    this.file = file;
    this.images = images;
  }

  static async open(file: string): Promise<KnownImages> {
    return new KnownImages(file, parse(await readFile(file, "utf8").catch(() => "{}")));
  }

  /** The image that a name stood for when it was pulled last. */
  get(name: string): KnownImage | undefined {
    return this.images.get(name);
  }

  /** Resolves when the file says so too. */
  async set(name: string, image: KnownImage): Promise<void> {
    const known = this.images.get(name);
    if (known?.reference === image.reference && known.sizeBytes === image.sizeBytes) return;
    this.images.set(name, image);
    this.writing = this.writing.then(() => this.write());
    await this.writing;
  }

  /** Every image once, with its digest. */
  references(): string[] {
    return [...new Set([...this.images.values()].map(({ reference }) => reference))];
  }

  /** The largest ones, as a node's status lists them. */
  list(): { names: string[]; sizeBytes: number }[] {
    const byReference = new Map<string, { names: string[]; sizeBytes: number }>();
    for (const [name, { reference, sizeBytes }] of this.images) {
      const entry = byReference.get(reference) ?? { names: [reference], sizeBytes };
      if (!entry.names.includes(name)) entry.names.push(name);
      byReference.set(reference, entry);
    }
    return [...byReference.values()].sort((left, right) => right.sizeBytes - left.sizeBytes).slice(0, MOST_LISTED);
  }

  private async write(): Promise<void> {
    await writeFile(`${this.file}.new`, JSON.stringify(Object.fromEntries(this.images)));
    await rename(`${this.file}.new`, this.file);
  }
}

function parse(text: string): Map<string, KnownImage> {
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return new Map(entries.flatMap(([name, value]) => (isKnownImage(value) ? [[name, value] as const] : [])));
  } catch {
    return new Map();
  }
}

function isKnownImage(value: unknown): value is KnownImage {
  return isObject(value) && typeof value.reference === "string" && typeof value.sizeBytes === "number";
}
