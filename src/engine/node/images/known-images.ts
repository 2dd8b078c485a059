/** The images that were pulled to this node, by the names under which pods ask for them. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { isObject } from "#kit/json.ts";

export type KnownImage = {
  /** `repository@sha256:…` */
  reference: string;
  sizeBytes: number;
  /** Directories of its unpacked layers. */
  layers: readonly string[];
  /** Fingerprints of the credentials with which it was pulled; the empty one stands for none. */
  pulledWith: readonly string[];
  /** When it was pulled, and when a container used it last, in milliseconds. */
  since: number;
  usedAt: number;
};

/** What a pull has brought. */
export type PulledImage = Pick<KnownImage, "reference" | "sizeBytes" | "layers"> & { pulledWith: string };

/** An image with every name that pods use for it. */
export type NodeImage = KnownImage & { names: readonly string[] };

const MOST_LISTED = 50;

/** Kept in a file. A write that fails, on a full disk for instance, is made up for by the next; what the file loses is pulled again. */
export class KnownImages {
  private readonly file: string;
  private readonly clock: () => Date;
  private readonly byReference: Map<string, KnownImage>;
  /** Names with the reference that they stood for when they were pulled last. */
  private readonly byName: Map<string, string>;
  private writing: Promise<void> = Promise.resolve();

  private constructor(file: string, clock: () => Date, saved: Saved) {
    this.file = file;
    this.clock = clock;
    this.byReference = new Map(saved.images.map((image) => [image.reference, image]));
    this.byName = new Map(saved.names.filter(([, reference]) => this.byReference.has(reference)));
  }

  static async open(file: string, clock: () => Date): Promise<KnownImages> {
    return new KnownImages(file, clock, parse(await readFile(file, "utf8").catch(() => "")));
  }

  /** The image that a name stood for when it was pulled last; asking for it counts as a use. */
  get(name: string): KnownImage | undefined {
    const image = this.byReference.get(this.byName.get(name) ?? "");
    if (image) this.byReference.set(image.reference, { ...image, usedAt: this.now() });
    return image;
  }

  /** The reference that a name stood for when it was pulled last. */
  referenceOf(name: string): string | undefined {
    return this.byName.get(name);
  }

  /** Resolves when the file says so too, if it can be written. */
  async set(name: string, { pulledWith, ...image }: PulledImage): Promise<void> {
    const { reference } = image;
    const known = this.byReference.get(reference);
    const now = this.now();
    const access = [...new Set([...(known?.pulledWith ?? []), pulledWith])];
    // As a volume it has a directory of its own.
    const layers = [...new Set([...(known?.layers ?? []), ...image.layers])];
    this.byReference.set(reference, { ...image, layers, pulledWith: access, since: known?.since ?? now, usedAt: now });
    this.byName.set(name, reference);
    await this.save();
  }

  /** All images, each once. */
  all(): NodeImage[] {
    const names = Map.groupBy(this.byName, ([, reference]) => reference);
    return [...this.byReference.values()].map((image) => ({
      ...image,
      names: (names.get(image.reference) ?? []).map(([name]) => name),
    }));
  }

  /** The largest ones, as a node's status lists them. */
  list(): { names: string[]; sizeBytes: number }[] {
    return this.all()
      .map(({ reference, names, sizeBytes }) => ({ names: [...new Set([reference, ...names])], sizeBytes }))
      .sort((left, right) => right.sizeBytes - left.sizeBytes)
      .slice(0, MOST_LISTED);
  }

  /** Says of images that containers use them now. */
  async used(references: ReadonlySet<string>): Promise<void> {
    const usedAt = this.now();
    for (const image of this.byReference.values())
      if (references.has(image.reference)) this.byReference.set(image.reference, { ...image, usedAt });
    await this.save();
  }

  /** The image is not here any more, under none of its names. */
  async forget(reference: string): Promise<void> {
    this.byReference.delete(reference);
    for (const [name, target] of this.byName) if (target === reference) this.byName.delete(name);
    await this.save();
  }

  private now(): number {
    return this.clock().getTime();
  }

  private save(): Promise<void> {
    this.writing = this.writing.then(() => this.write()).catch(() => undefined);
    return this.writing;
  }

  private async write(): Promise<void> {
    const saved: Saved = { images: [...this.byReference.values()], names: [...this.byName] };
    await writeFile(`${this.file}.new`, JSON.stringify(saved));
    await rename(`${this.file}.new`, this.file);
  }
}

type Saved = { images: KnownImage[]; names: [name: string, reference: string][] };

function parse(text: string): Saved {
  try {
    const { images, names } = JSON.parse(text) as { images: unknown[]; names: unknown[] };
    return { images: images.filter(isKnownImage), names: names.filter(isName) };
  } catch {
    return { images: [], names: [] };
  }
}

function isName(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");
}

function isKnownImage(value: unknown): value is KnownImage {
  return (
    isObject(value) &&
    typeof value.reference === "string" &&
    [value.sizeBytes, value.since, value.usedAt].every((number) => typeof number === "number") &&
    [value.layers, value.pulledWith].every((list) => Array.isArray(list))
  );
}
