/** OCI image types (opencontainers/image-spec v1.1) that builder, registry and node share. */

export type Descriptor = {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
  artifactType?: string;
  platform?: { os: string; architecture: string; variant?: string };
};

export type ImageManifest = {
  schemaVersion: 2;
  mediaType: string;
  artifactType?: string;
  config: Descriptor;
  layers: Descriptor[];
  subject?: Descriptor;
  annotations?: Record<string, string>;
};

/** The image configuration file. */
export type ImageConfig = {
  architecture: string;
  os: string;
  created?: string;
  config?: {
    Env?: string[];
    Entrypoint?: string[];
    Cmd?: string[];
    User?: string;
    WorkingDir?: string;
    Labels?: Record<string, string>;
    ExposedPorts?: Record<string, Record<string, never>>;
    StopSignal?: string;
  };
  rootfs: { type: "layers"; diff_ids: string[] };
  history?: { created?: string; created_by?: string; empty_layer?: boolean }[];
};

/** An image that is ready to run: its configuration and one directory per layer, lowest first. */
export type UnpackedImage = {
  /** Of what had to be fetched for it: configuration and layers, as they are stored. */
  sizeBytes?: number;
  /** `repository@sha256:…` */
  reference: string;
  digest: string;
  config: ImageConfig;
  layers: string[];
};

/** What is known of an image without its layers. */
export type ImageDescription = Omit<UnpackedImage, "layers">;

export type UnpackOptions = {
  /** Gives the image as a single directory, for those who do not stack layers. */
  flat?: boolean;
};

/** Where a node gets images from. */
export interface ImageSource {
  /** Resolves a reference to its digest and reads the configuration; fetches no layer. Throws ImageError. */
  describe(reference: string, signal?: AbortSignal): Promise<ImageDescription>;
  /** Fetches and unpacks an image; each layer is unpacked once, however many images share it. Throws ImageError. */
  unpack(reference: string, signal?: AbortSignal, options?: UnpackOptions): Promise<UnpackedImage>;
}

/** Which unpacked layers may go, and when. */
export type LayerSweep = {
  /** Directories that images or containers need. */
  keep: ReadonlySet<string>;
  /** Layers that were used less long ago stay, in milliseconds. */
  minAgeMs: number;
};

/** Keeps unpacked layers within bounds. */
export interface LayerKeeper {
  /** The file system that they are on. */
  readonly directory: string;
  /** Removes the other layers; they come back when an image needs them. Resolves to the bytes that were freed. */
  sweep(sweep: LayerSweep): Promise<number>;
}

/** A regular file of a layer; `path` is as the layer's archive writes it. */
export type LayerFile = { path: string; content: Uint8Array };

export type LayerReadOptions = { maxBytes: number; maxFiles: number; signal?: AbortSignal };

/** The `Authorization` header for a repository of a registry host (`host:port`), such as `Basic …`; undefined to go without. */
export type RegistryCredentials = (host: string, repository: string) => Promise<string | undefined>;

/** Reads into images without unpacking them. */
export interface LayerReader {
  /** The regular files of the layer with this diffID; the same array while it is remembered. Throws ImageError, also beyond the limits. */
  readLayer(reference: string, diffId: string, options: LayerReadOptions): Promise<readonly LayerFile[]>;
  /** The same source, but other registries are asked with these credentials. */
  withCredentials(credentials: RegistryCredentials): ImageSource & LayerReader;
}

/** Why an image could not be had; `reason` is the container waiting reason that a kubelet reports. */
export class ImageError extends Error {
  override name = "ImageError";
  readonly reason: "ErrImagePull" | "InvalidImageName" | "ErrImageNeverPull";

  constructor(reason: ImageError["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
