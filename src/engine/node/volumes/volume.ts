/** A pod's volumes as paths on the host. */

export type MountedVolume = {
  /** A directory of the host, or a file for some hostPath volumes. */
  path: string;
  readOnly: boolean;
  /** Nothing in it can be run. */
  noExec?: boolean;
};

/** By name. */
export type Volumes = ReadonlyMap<string, MountedVolume>;

/** A volume cannot be had now: its pod waits in ContainerCreating and tries again. */
export class VolumeError extends Error {
  override name = "VolumeError";
}

/** One file of a volume that is made of API objects. */
export type VolumeFile = {
  /** Relative, below the volume. */
  path: string;
  content: Uint8Array;
  /** Permission bits. */
  mode: number;
  /** Owner; root when absent. */
  uid?: number | undefined;
};
