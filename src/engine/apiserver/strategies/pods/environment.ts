/** Environment variables of containers, and the references to fields of the pod that volumes use as well. */
import type {
  Container,
  EnvFromSource,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from "#api/builtin/types.gen.ts";
import { configKey, dnsSubdomain, labelKey, variableName } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";

const ENVIRONMENT_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
const VOLUME_FIELDS = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];
/** All that a reference may name without being nonsense. */
const FIELDS = new Set([
  ...ENVIRONMENT_FIELDS,
  ...VOLUME_FIELDS,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);
const RESOURCES = ["cpu", "ephemeral-storage", "memory"]
  .flatMap((name) => [`limits.${name}`, `requests.${name}`])
  .sort();
const HUGEPAGES = /^(limits|requests)\.hugepages-/;
const SUBSCRIPT = /^metadata\.(labels|annotations)\['(.*)'\]$/;
const CPU_DIVISORS = ["1m", "1"];
const BYTE_DIVISORS = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/** The variables of a container and where they are taken from as a whole. */
export function checkEnvironment({ env, envFrom }: Container, report: Report): void {
  env?.forEach(({ name, value, valueFrom }, index) => {
    const at = report.at("env").item(index);
    if (at.at("name").needs(name)) at.at("name").invalidFor(name, variableName(name));
    if (valueFrom) checkSource(valueFrom, value, at.at("valueFrom"));
  });
  envFrom?.forEach((source, index) => {
    checkWhole(source, report.at("envFrom"), index);
  });
}

function checkWhole({ prefix, configMapRef, secretRef }: EnvFromSource, report: Report, index: number): void {
  const at = report.item(index);
  if (prefix) at.at("prefix").invalidFor(prefix, variableName(prefix));
  if (configMapRef) at.at("configMapRef", "name").needs(configMapRef.name);
  if (secretRef) at.at("secretRef", "name").needs(secretRef.name);
  if (!configMapRef && !secretRef) report.invalid("", "must specify one of: `configMapRef` or `secretRef`");
  if (configMapRef && secretRef) report.invalid("", "may not have more than one field specified at a time");
}

function checkSource(source: EnvVarSource, value: string | undefined, report: Report): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  if (fieldRef) checkFieldRef(fieldRef, ENVIRONMENT_FIELDS, report.at("fieldRef"));
  if (resourceFieldRef) checkResourceRef(resourceFieldRef, false, report.at("resourceFieldRef"));
  for (const [field, ref] of [
    ["configMapKeyRef", configMapKeyRef],
    ["secretKeyRef", secretKeyRef],
  ] as const) {
    if (!ref) continue;
    const at = report.at(field);
    at.at("name").invalidFor(ref.name ?? "", dnsSubdomain(ref.name ?? ""));
    if (at.at("key").needs(ref.key)) at.at("key").invalidFor(ref.key, configKey(ref.key));
  }
  const given = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
  if (given === 0)
    report.invalid(
      "",
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
    );
  else if (value) report.invalid("", "may not be specified when `value` is not empty");
  else if (given > 1) report.invalid("", "may not have more than one field specified at a time");
}

/** A field of the pod that a volume shows. */
export function checkVolumeFieldRef(ref: ObjectFieldSelector, report: Report): void {
  checkFieldRef(ref, VOLUME_FIELDS, report);
}

function checkFieldRef({ apiVersion, fieldPath }: ObjectFieldSelector, supported: string[], report: Report): void {
  const at = report.at("fieldPath");
  if (!at.needs(fieldPath)) return;
  if (apiVersion !== undefined && apiVersion !== "v1") {
    at.invalid(fieldPath, `error converting fieldPath: unsupported pod version: ${apiVersion}`);
    return;
  }
  const subscript = SUBSCRIPT.exec(fieldPath);
  if (subscript) {
    const key = subscript[2] ?? "";
    report.invalidFor(key, labelKey(subscript[1] === "annotations" ? key.toLowerCase() : key));
  } else if (!FIELDS.has(fieldPath))
    at.invalid(fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`);
  else if (!supported.includes(fieldPath)) at.notSupported(fieldPath, supported);
}

/** A resource of a container; volumes must say of which. */
export function checkResourceRef(ref: ResourceFieldSelector, needsContainer: boolean, report: Report): void {
  const { containerName, resource, divisor } = ref;
  if (needsContainer && !containerName) report.at("containerName").required();
  else if (!resource) report.at("resource").required();
  else if (!RESOURCES.includes(resource) && !HUGEPAGES.test(resource))
    report.at("resource").notSupported(resource, RESOURCES);
  else checkDivisor(resource, divisor ?? "0", report.at("divisor"));
}

function checkDivisor(resource: string, divisor: string, report: Report): void {
  if (divisor === "0") return;
  const isCpu = resource.endsWith(".cpu");
  const allowed = isCpu ? CPU_DIVISORS : BYTE_DIVISORS;
  if (allowed.includes(divisor)) return;
  const subject = isCpu
    ? "cpu"
    : resource.endsWith(".memory")
      ? "memory"
      : resource.endsWith(".ephemeral-storage")
        ? "local ephemeral storage"
        : "hugepages";
  report.invalid(resource, `only divisor's values ${listed(allowed)} are supported with the ${subject} resource`);
}

function listed(values: readonly string[]): string {
  return values.length === 2 ? values.join(" and ") : values.join(", ");
}
