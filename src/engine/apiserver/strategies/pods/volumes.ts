/** Volumes of pods, and where containers mount them. */
import type { Container, PodSpec, Volume, VolumeMount } from "#api/builtin/types.gen.ts";
import { dnsLabel } from "../rules/names.ts";
import { checkRelativePath } from "../rules/paths.ts";
import type { Report } from "../rules/report.ts";
import { checkSource, SOURCES } from "./sources.ts";

/** The volumes of a pod by their names. */
export type Volumes = ReadonlyMap<string, Volume>;

/** Checks the volumes of a pod and returns those that containers may mount. */
export function checkVolumes({ volumes = [], serviceAccountName }: PodSpec, report: Report): Volumes {
  const known = new Map<string, Volume>();
  volumes.forEach((volume, index) => {
    const at = report.item(index);
    const before = report.found;
    checkOneSource(volume, at);
    const { name } = volume;
    if (at.at("name").needs(name)) {
      at.at("name").invalidFor(name, dnsLabel(name));
      if (known.has(name)) at.at("name").duplicate(name);
      else if (report.found === before) known.set(name, volume);
    }
    if (!serviceAccountName) rejectTokens(volume, at);
  });
  return known;
}

function checkOneSource(volume: Volume, report: Report): void {
  const [first, ...others] = SOURCES.filter((source) => volume[source] !== undefined);
  if (first) checkSource(first, volume, report.at(first));
  else report.required("must specify a volume type");
  for (const other of others) report.at(other).forbidden("may not specify more than 1 volume type");
}

/** Tokens of an account can only be had when the pod has one. */
function rejectTokens({ projected }: Volume, report: Report): void {
  projected?.sources?.forEach(({ serviceAccountToken }, index) => {
    if (serviceAccountToken)
      report
        .at("projected", "sources")
        .item(index)
        .at("serviceAccountToken")
        .forbidden("must not be specified when serviceAccountName is not set");
  });
}

/** The mounts and the devices of a container. */
export function checkMounts(container: Container, volumes: Volumes, report: Report): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const devices = new Set(volumeDevices.map(({ name }) => name));
  const devicePaths = new Set(volumeDevices.map(({ devicePath }) => devicePath));
  const paths = new Set<string>();
  volumeMounts.forEach((mount, index) => {
    const { name, mountPath } = mount;
    const at = report.at("volumeMounts").item(index);
    at.at("name").needs(name);
    if (!volumes.has(name ?? "")) at.at("name").notFound(name ?? "");
    at.at("mountPath").needs(mountPath);
    if (mountPath && paths.has(mountPath)) at.at("mountPath").invalid(mountPath, "must be unique");
    paths.add(mountPath);
    if (name && devices.has(name)) at.at("name").invalid(name, "must not already exist in volumeDevices");
    if (mountPath && devicePaths.has(mountPath))
      at.at("mountPath").invalid(mountPath, "must not already exist as a path in volumeDevices");
    if (mount.subPath && mount.subPathExpr)
      at.at("subPathExpr").invalid(mount.subPathExpr, "subPathExpr and subPath are mutually exclusive");
    checkMountOptions(mount, container, report.at("volumeMounts"));
  });
  checkDevices(container, volumes, report.at("volumeDevices"));
}

const PROPAGATION = ["Bidirectional", "HostToContainer", "None"];

/** These are reported at the list, not at its item. */
function checkMountOptions(mount: VolumeMount, { securityContext }: Container, report: Report): void {
  const { subPath, subPathExpr, mountPropagation, recursiveReadOnly, readOnly } = mount;
  if (subPath) checkRelativePath(subPath, report.at("subPath"));
  if (subPathExpr) checkRelativePath(subPathExpr, report.at("subPathExpr"));
  if (mountPropagation !== undefined) {
    report.at("mountPropagation").oneOf(mountPropagation, PROPAGATION);
    if (mountPropagation === "Bidirectional" && !securityContext?.privileged)
      report
        .at("mountPropagation")
        .forbidden("Bidirectional mount propagation is available only to privileged containers");
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === "Disabled") return;
  if (recursiveReadOnly !== "Enabled" && recursiveReadOnly !== "IfPossible")
    report.at("recursiveReadOnly").notSupported(recursiveReadOnly, ["Disabled", "Enabled", "IfPossible"]);
  else if (!readOnly) report.at("recursiveReadOnly").forbidden("may only be specified when readOnly is true");
  else if (mountPropagation !== undefined && mountPropagation !== "None")
    report.at("recursiveReadOnly").forbidden("may only be specified when mountPropagation is None or not specified");
}

function checkDevices({ volumeMounts = [], volumeDevices = [] }: Container, volumes: Volumes, report: Report): void {
  const mounted = new Set(volumeMounts.map(({ name }) => name));
  const mountPaths = new Set(volumeMounts.map(({ mountPath }) => mountPath));
  const [names, paths] = [new Set<string>(), new Set<string>()];
  volumeDevices.forEach(({ name, devicePath }, index) => {
    const at = report.item(index);
    at.at("name").needs(name);
    const volume = volumes.get(name);
    if (name && volume && !volume.persistentVolumeClaim && !volume.ephemeral)
      at.at("name").invalid(
        name,
        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
      );
    if (!volume) at.at("name").notFound(name);
    if (name && names.has(name)) at.at("name").invalid(name, "must be unique");
    names.add(name);
    if (at.at("devicePath").needs(devicePath)) {
      if (paths.has(devicePath)) at.at("devicePath").invalid(devicePath, "must be unique");
      if (mountPaths.has(devicePath))
        at.at("devicePath").invalid(devicePath, "must not already exist as a path in volumeMounts");
    }
    paths.add(devicePath);
    if (name && mounted.has(name)) at.at("name").invalid(name, "must not already exist in volumeMounts");
  });
}
