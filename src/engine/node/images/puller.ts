/** Brings a container's image to the node, as its pull policy says and with the pod's credentials. */
import { createHash } from "node:crypto";
import type { Container, Pod, Secret } from "#api/builtin/types.gen.ts";
import {
  ImageError,
  type ImageSource,
  type LayerReader,
  type UnpackedImage,
  type UnpackOptions,
} from "#ports/oci/image.ts";
import { Keyring } from "#ports/oci/pull-secrets.ts";
import { parseReference } from "#ports/oci/reference.ts";
import type { NodeEvents } from "../events.ts";
import type { KnownImage, KnownImages } from "./known-images.ts";

/** Where images come from; with credentials where the source can use them. */
export type NodeImageSource = ImageSource & Partial<Pick<LayerReader, "withCredentials">>;

export type PullerOptions = {
  source: NodeImageSource;
  known: KnownImages;
  secret: (namespace: string, name: string) => Promise<Secret | undefined>;
  events: NodeEvents;
  clock: () => Date;
};

/** What is wanted: by a container, or without a name by the pod's volumes. */
export type WantedImage = Pick<Container, "image" | "imagePullPolicy"> & { name?: string } & UnpackOptions;

/** Of an image that was pulled without credentials: every pod may use it. */
const ANYBODY = "";

export class ImagePuller {
  private readonly options: PullerOptions;

  constructor(options: PullerOptions) {
    this.options = options;
  }

  /** The image, ready to run. Throws ImageError. */
  async pull(pod: Pod, wanted: WantedImage, signal: AbortSignal): Promise<UnpackedImage> {
    const { image = "", name } = wanted;
    const { events } = this.options;
    const reference = parseReference(image);
    if (!reference) {
      const why = `couldn't parse image name "${image}": invalid reference format`;
      const message = `Failed to apply default image tag "${image}": ${why}`;
      events.record(pod, "Warning", "InspectFailed", message, name);
      throw new ImageError("InvalidImageName", message);
    }
    const policy = wanted.imagePullPolicy ?? (reference.tag === "latest" ? "Always" : "IfNotPresent");
    const present = policy === "Always" ? undefined : await this.present(pod, wanted, signal);
    if (present) return present;
    if (policy !== "Never") return await this.fetch(pod, { ...wanted, image }, signal);
    const message = `Container image "${image}" is not present with pull policy of Never`;
    events.record(pod, "Warning", "ErrImageNeverPull", message, name);
    throw new ImageError("ErrImageNeverPull", message);
  }

  /** The image if it is here and the pod may use it; undefined also when something of it was lost. */
  private async present(
    pod: Pod,
    { image = "", name, flat = false }: WantedImage,
    signal: AbortSignal,
  ): Promise<UnpackedImage | undefined> {
    const { events, known, source } = this.options;
    const found = known.get(image);
    if (!found || !(await this.mayUse(pod, image, found))) return undefined;
    const unpacked = await source.unpack(found.reference, signal, { flat }).catch(() => signal.throwIfAborted());
    if (!unpacked) return undefined;
    events.record(pod, "Normal", "Pulled", `Container image "${image}" already present on machine`, name);
    return unpacked;
  }

  /** An image that was pulled with credentials is for pods that have the same; others must ask the registry. */
  private async mayUse(pod: Pod, image: string, { pulledWith }: KnownImage): Promise<boolean> {
    if (pulledWith.includes(ANYBODY)) return true;
    const headers = await this.headersFor(pod, image);
    return headers.some((header) => pulledWith.includes(fingerprint(header)));
  }

  private async fetch(
    pod: Pod,
    { image, name, flat = false }: WantedImage & { image: string },
    signal: AbortSignal,
  ): Promise<UnpackedImage> {
    const { events, known, clock } = this.options;
    events.record(pod, "Normal", "Pulling", `Pulling image "${image}"`, name);
    const start = clock().getTime();
    const unpack = (source: ImageSource): Promise<UnpackedImage> => source.unpack(image, signal, { flat });
    const { unpacked, pulledWith } = await this.withAnyOf(await this.headersFor(pod, image), image, unpack);
    signal.throwIfAborted();
    const took = duration(clock().getTime() - start);
    const { reference, sizeBytes = 0, layers } = unpacked;
    const times = `in ${took} (${took} including waiting)`;
    const message = `Successfully pulled image "${image}" ${times}. Image size: ${sizeBytes} bytes.`;
    events.record(pod, "Normal", "Pulled", message, name);
    await known.set(image, { reference, sizeBytes, layers, pulledWith });
    return unpacked;
  }

  /** Tries one header after the other; without any it goes without. */
  private async withAnyOf(
    headers: readonly string[],
    image: string,
    unpack: (source: ImageSource) => Promise<UnpackedImage>,
  ): Promise<{ unpacked: UnpackedImage; pulledWith: string }> {
    const { source } = this.options;
    const host = parseReference(image)?.host;
    let failure: unknown;
    for (const header of source.withCredentials ? headers : []) {
      const credentials = async (asked: string): Promise<string | undefined> => (asked === host ? header : undefined);
      try {
        const authorized = source.withCredentials?.(credentials);
        if (authorized) return { unpacked: await unpack(authorized), pulledWith: fingerprint(header) };
      } catch (error) {
        failure = error;
      }
    }
    if (failure) throw failure;
    return { unpacked: await unpack(source), pulledWith: ANYBODY };
  }

  private async headersFor(pod: Pod, image: string): Promise<string[]> {
    const { secret, events } = this.options;
    const { namespace = "" } = pod.metadata;
    const names = (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
    if (names.length === 0) return [];
    const found = await Promise.all(names.map((name) => secret(namespace, name)));
    const missing = names.filter((_, index) => !found[index]);
    if (missing.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${missing.join(", ")}); attempting to pull the image may not succeed.`;
      events.record(pod, "Warning", "FailedToRetrieveImagePullSecret", message);
    }
    const { host = "", repository = "" } = parseReference(image) ?? {};
    return Keyring.ofReadable(found.filter((each) => each !== undefined)).headersFor(host, repository);
  }
}

/** Tells credentials apart without keeping them. */
function fingerprint(header: string): string {
  return createHash("sha256").update(header).digest("hex");
}

/** `12ms`, `1.234s`, `1m2.5s`: as Go prints durations. */
function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = (milliseconds % 60_000) / 1000;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
