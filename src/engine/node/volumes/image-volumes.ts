/** image volumes: what an image holds, as files that can be read and nothing else. */
import type { Container, Pod } from "#api/builtin/types.gen.ts";
import type { ImagePuller } from "../images/puller.ts";
import type { MountedVolume } from "./volume.ts";

/** The image volumes that a container mounts, by name; pulled like the container's own image. Throws ImageError. */
export async function pullImageVolumes(
  pod: Pod,
  { volumeMounts = [] }: Container,
  images: Pick<ImagePuller, "pull">,
  signal: AbortSignal,
): Promise<Map<string, MountedVolume>> {
  const wanted = (pod.spec.volumes ?? []).filter(({ name }) => volumeMounts.some((mount) => mount.name === name));
  const found = await Promise.all(
    wanted.map(async ({ name, image }): Promise<[string, MountedVolume][]> => {
      if (!image) return [];
      const { reference = "", pullPolicy } = image;
      const policy = pullPolicy ? { imagePullPolicy: pullPolicy } : {};
      const { layers } = await images.pull(pod, { image: reference, ...policy, flat: true }, signal);
      const [path] = layers;
      return path === undefined ? [] : [[name, { path, readOnly: true, noExec: true }]];
    }),
  );
  return new Map(found.flat());
}
