/** What volumes are made of. */
import type { DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection } from "#api/builtin/types.gen.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { checkClaimSpec } from "../claims.ts";
import { dnsSubdomain } from "../rules/names.ts";
import { checkRelativePath, rejectDots } from "../rules/paths.ts";
import type { Report } from "../rules/report.ts";
import { checkResourceRef, checkVolumeFieldRef } from "./environment.ts";

/** In the order in which a server looks for them. */
export const SOURCES = [
  ...(["emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs"] as const),
  ...(["iscsi", "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte"] as const),
  ...(["downwardAPI", "fc", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk"] as const),
  ...(["portworxVolume", "azureDisk", "storageos", "projected", "scaleIO", "csi", "ephemeral", "image"] as const),
] satisfies readonly (keyof Volume)[];
type Source = (typeof SOURCES)[number];

const CHECKS: { readonly [source in Source]?: (volume: Volume, report: Report) => void } = {
  emptyDir: ({ emptyDir }, report) => {
    const limit = emptyDir?.sizeLimit;
    if (limit !== undefined && (parseQuantity(limit)?.nanos ?? 0n) < 0n)
      report.at("sizeLimit").forbidden("SizeLimit field must be a valid resource quantity");
  },
  hostPath: ({ hostPath }, report) => {
    if (!report.at("path").needs(hostPath?.path)) return;
    rejectDots(hostPath?.path ?? "", report.at("path"));
    report.at("type").oneOf(hostPath?.type ?? "", HOST_PATH_TYPES);
  },
  gitRepo: ({ gitRepo }, report) => {
    report.at("repository").needs(gitRepo?.repository);
  },
  secret: ({ secret }, report) => {
    report.at("secretName").needs(secret?.secretName);
    checkMode(secret?.defaultMode, report.at("defaultMode"));
    checkItems(secret?.items, report.at("items"));
  },
  configMap: ({ configMap }, report) => {
    report.at("name").needs(configMap?.name);
    checkMode(configMap?.defaultMode, report.at("defaultMode"));
    checkItems(configMap?.items, report.at("items"));
  },
  nfs: ({ nfs }, report) => {
    report.at("server").needs(nfs?.server);
    if (report.at("path").needs(nfs?.path) && !nfs?.path.startsWith("/"))
      report.at("path").invalid(nfs?.path, "must be an absolute path");
  },
  persistentVolumeClaim: ({ persistentVolumeClaim }, report) => {
    report.at("claimName").needs(persistentVolumeClaim?.claimName);
  },
  downwardAPI: ({ downwardAPI }, report) => {
    checkMode(downwardAPI?.defaultMode, report.at("defaultMode"));
    for (const file of downwardAPI?.items ?? []) checkDownwardFile(file, report);
  },
  projected: ({ projected }, report) => {
    checkMode(projected?.defaultMode, report.at("defaultMode"));
    checkProjections(projected?.sources ?? [], report);
  },
  csi: ({ csi }, report) => {
    checkDriver(csi?.driver, report.at("driver"));
  },
  ephemeral: ({ ephemeral }, report) => {
    const at = report.at("volumeClaimTemplate");
    if (!at.needs(ephemeral?.volumeClaimTemplate)) return;
    const spec = ephemeral?.volumeClaimTemplate?.spec;
    if (spec) checkClaimSpec(spec, at.at("spec"));
  },
  image: ({ image }, report) => {
    report.at("reference").needs(image?.reference);
    if (image?.pullPolicy) report.at("pullPolicy").oneOf(image.pullPolicy, ["Always", "IfNotPresent", "Never"]);
  },
};
const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

/** One source of a volume; kinds of storage that nobody provides any more are taken as they are. */
export function checkSource(source: Source, volume: Volume, report: Report): void {
  CHECKS[source]?.(volume, report);
}

/** The name of a storage driver. */
function checkDriver(driver: string | undefined, report: Report): void {
  if (!report.needs(driver)) return;
  if ((driver ?? "").length > 63) report.tooLong(63);
  report.invalidFor(driver, dnsSubdomain((driver ?? "").toLowerCase()));
}

function checkMode(mode: number | undefined, report: Report): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777))
    report.invalid(mode, "must be a number between 0 and 0777 (octal), both inclusive");
}

function checkItems(items: readonly KeyToPath[] | undefined, report: Report): void {
  items?.forEach(({ key, path, mode }, index) => {
    const at = report.item(index);
    at.at("key").needs(key);
    if (at.at("path").needs(path)) checkFilePath(path, at.at("path"));
    checkMode(mode, at.at("mode"));
  });
}

/** A path below the volume that does not leave it. */
function checkFilePath(path: string, report: Report): void {
  checkRelativePath(path, report);
  if (path.startsWith("..")) report.invalid(path, "must not start with '..'");
}

function checkDownwardFile({ path, fieldRef, resourceFieldRef, mode }: DownwardAPIVolumeFile, report: Report): void {
  if (report.at("path").needs(path)) checkFilePath(path, report.at("path"));
  if (fieldRef) {
    checkVolumeFieldRef(fieldRef, report.at("fieldRef"));
    if (resourceFieldRef)
      report.invalid("resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
  } else if (resourceFieldRef) checkResourceRef(resourceFieldRef, true, report.at("resourceFieldRef"));
  else report.required("one of fieldRef and resourceFieldRef is required");
  checkMode(mode, report.at("mode"));
}

const SHORTEST_TOKEN = 600;
const LONGEST_TOKEN = 2 ** 32;
const PROJECTIONS = [
  "secret",
  "configMap",
  "downwardAPI",
  "serviceAccountToken",
  "clusterTrustBundle",
  "podCertificate",
] as const satisfies readonly (keyof VolumeProjection)[];

function checkProjections(sources: readonly VolumeProjection[], report: Report): void {
  const paths = new Set<string>();
  const claim = (path: string | undefined, at: Report): void => {
    if (!path) return;
    if (paths.has(path)) at.invalid(path, "conflicting duplicate paths");
    paths.add(path);
  };
  sources.forEach((source, index) => {
    const at = report.at("sources").item(index);
    const [first, ...others] = PROJECTIONS.filter((name) => source[name] !== undefined);
    for (const other of others) at.at(other).forbidden("may not specify more than 1 volume type");
    if (first === "secret" || first === "configMap") {
      at.at(first, "name").needs(source[first]?.name);
      checkItems(source[first]?.items, at.at(first, "items"));
      for (const { path } of source[first]?.items ?? []) claim(path, report.at("sources"));
    } else if (first === "downwardAPI") {
      for (const file of source.downwardAPI?.items ?? []) {
        checkDownwardFile(file, at.at("downwardAPI"));
        claim(file.path, report.at("sources"));
      }
    } else if (first === "serviceAccountToken") checkToken(source, index, report);
  });
}

function checkToken({ serviceAccountToken: token }: VolumeProjection, index: number, report: Report): void {
  const at = report.at("sources").item(index).at("serviceAccountToken", "expirationSeconds");
  const seconds = token?.expirationSeconds;
  if (seconds !== undefined && seconds < SHORTEST_TOKEN)
    at.invalid(seconds, "may not specify a duration less than 10 minutes");
  if (seconds !== undefined && seconds > LONGEST_TOKEN)
    at.invalid(seconds, "may not specify a duration larger than 2^32 seconds");
  if (report.at("path").needs(token?.path)) checkFilePath(token?.path ?? "", report.at("path"));
}
