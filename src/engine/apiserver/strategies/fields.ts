/** Which fields of built-in kinds a field selector may name, besides metadata.name and metadata.namespace. */
import type { Unstructured } from "#api/meta.ts";
import { findFirst } from "#kit/jsonpath.ts";

export type FieldReader = (object: Unstructured) => string;
type Readers = { readonly [path: string]: FieldReader };

/** Reads a field; what is absent counts as `absent`. */
function at(path: string, absent = ""): FieldReader {
  return (object) => String(findFirst(object, `.${path}`) ?? absent);
}

function texts(...paths: string[]): Readers {
  return Object.fromEntries(paths.map((path) => [path, at(path)]));
}

const REFERENCE = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
const about = (field: string, source: string): Readers =>
  Object.fromEntries(REFERENCE.map((part) => [`${field}.${part}`, at(`${source}.${part}`)]));

const EVENT: Readers = {
  ...about("involvedObject", "involvedObject"),
  ...texts("reason", "reportingComponent", "type"),
  source: (object) => at("source.component")(object) || at("reportingComponent")(object),
};

/** By `group/plural`. A kind that is here refuses other fields in its own words. */
const FIELDS: { readonly [resource: string]: Readers } = {
  "/pods": {
    ...texts("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
    ...texts("status.phase", "status.podIP", "status.nominatedNodeName"),
    "spec.host": at("spec.nodeName"),
    "status.podIPs": at("status.podIPs[0].ip"),
    "spec.hostNetwork": at("spec.hostNetwork", "false"),
  },
  "/nodes": { "spec.unschedulable": at("spec.unschedulable", "false") },
  "/namespaces": texts("status.phase"),
  "/replicationcontrollers": { "status.replicas": at("status.replicas", "0") },
  "/secrets": texts("type"),
  "/services": texts("spec.clusterIP", "spec.type"),
  "/serviceaccounts": {},
  "/events": EVENT,
  "events.k8s.io/events": {
    ...about("regarding", "involvedObject"),
    ...texts("reason", "type"),
    reportingController: at("reportingComponent"),
  },
  "batch/jobs": { "status.successful": at("status.succeeded", "0") },
  "certificates.k8s.io/certificatesigningrequests": texts("spec.signerName"),
};

/** Kinds that say in their own words which field they do not know. */
const OWN_WORDS: ReadonlySet<string> = new Set(["batch/jobs"]);

/** Why a field cannot be selected by. */
export function unselectable(facts: { group: string; plural: string; kind: string }, path: string): string {
  return OWN_WORDS.has(`${facts.group}/${facts.plural}`)
    ? `field label "${path}" not supported for ${facts.kind}`
    : `field label not supported: ${path}`;
}

/** The selectable fields of a resource; undefined for kinds that have none of their own. */
export function selectableFields(facts: { group: string; plural: string; builtin: boolean }): Readers | undefined {
  return facts.builtin ? FIELDS[`${facts.group}/${facts.plural}`] : undefined;
}
