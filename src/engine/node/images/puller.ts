/** Brings a container's image to the node, as its pull policy says and with the pod's credentials. */
import type { Container, Pod, Secret } from "#api/builtin/types.gen.ts";
import { ImageError, type ImageSource, type LayerReader, type UnpackedImage } from "#ports/oci/image.ts";
import { Keyring } from "#ports/oci/pull-secrets.ts";
import { parseReference } from "#ports/oci/reference.ts";
import type { NodeEvents } from "../events.ts";
import type { KnownImages } from "./known-images.ts";

/** Where images come from; with credentials where the source can use them. */
export type NodeImageSource = ImageSource & Partial<Pick<LayerReader, "withCredentials">>;

export type PullerOptions = {
  source: NodeImageSource;
  known: KnownImages;
  secret: (namespace: string, name: string) => Promise<Secret | undefined>;
  events: NodeEvents;
  clock: () => Date;
};

export class ImagePuller {
  private readonly options: PullerOptions;

  constructor(options: PullerOptions) {
    this.options = options;
  }

  /** The container's image, ready to run. Throws ImageError. */
  async pull(pod: Pod, container: Container, signal: AbortSignal): Promise<UnpackedImage> {
    const { image = "", imagePullPolicy: policy, name } = container;
    const { events, known, source } = this.options;
    if (!parseReference(image)) {
      const why = `couldn't parse image name "${image}": invalid reference format`;
      const message = `Failed to apply default image tag "${image}": ${why}`;
      events.record(pod, "Warning", "InspectFailed", message, name);
      throw new ImageError("InvalidImageName", message);
    }
    const present = policy === "Always" ? undefined : known.get(image);
    if (present) {
      events.record(pod, "Normal", "Pulled", `Container image "${image}" already present on machine`, name);
      return await source.unpack(present.reference, signal);
    }
    if (policy === "Never") {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      events.record(pod, "Warning", "ErrImageNeverPull", message, name);
      throw new ImageError("ErrImageNeverPull", message);
    }
    return await this.fetch(pod, { image, name }, signal);
  }

  private async fetch(
    pod: Pod,
    { image, name }: { image: string; name: string },
    signal: AbortSignal,
  ): Promise<UnpackedImage> {
    const { events, known, clock } = this.options;
    events.record(pod, "Normal", "Pulling", `Pulling image "${image}"`, name);
    const start = clock().getTime();
    const unpacked = await this.withAnyOf(await this.headersFor(pod, image), image, signal);
    const took = duration(clock().getTime() - start);
    const { reference, sizeBytes = 0 } = unpacked;
    const times = `in ${took} (${took} including waiting)`;
    const message = `Successfully pulled image "${image}" ${times}. Image size: ${sizeBytes} bytes.`;
    events.record(pod, "Normal", "Pulled", message, name);
    await known.set(image, { reference, sizeBytes });
    return unpacked;
  }

  /** Tries one header after the other; without any it goes without. */
  private async withAnyOf(headers: readonly string[], image: string, signal: AbortSignal): Promise<UnpackedImage> {
    const { source } = this.options;
    const host = parseReference(image)?.host;
    const attempts = headers.map((header) => async (asked: string) => (asked === host ? header : undefined));
    let failure: unknown;
    for (const credentials of attempts) {
      if (!source.withCredentials) break;
      try {
        return await source.withCredentials(credentials).unpack(image, signal);
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
      }
    }
    if (failure) throw failure;
    return await source.unpack(image, signal);
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

/** `12ms`, `1.234s`, `1m2.5s`: as Go prints durations. */
function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = (milliseconds % 60_000) / 1000;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
