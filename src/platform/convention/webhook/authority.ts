/** Whom to trust when a webhook is called: the authority that signed its certificate. */
import { CustomResourceDefinition, Secret } from "#api/builtin/index.ts";
import { type ClusterPodConvention, INJECT_CA_ANNOTATION } from "#api/conventions.carto.run/index.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { type Conditioned, isTrue } from "#kit/conditions.ts";
import { ConventionFailure, type Reader } from "../convention.ts";

const CERTIFICATE_NAME = "cert-manager.io/certificate-name";
const NEWEST = 3;

const certManager = (kind: string, plural: string): ResourceRef => ({
  group: "cert-manager.io",
  version: "v1",
  kind,
  plural,
  scope: "Namespaced",
});
const CertificateRequest = certManager("CertificateRequest", "certificaterequests");
const Certificate = certManager("Certificate", "certificates");

type Request = Unstructured & Conditioned & { status?: { ca?: string } };
type Named = { namespace: string; name: string };

/** PEM certificates, or undefined to trust the system's authorities. Throws ConventionFailure when the named certificate has none. */
export async function authorityOf(convention: ClusterPodConvention, reader: Reader): Promise<string | undefined> {
  const { clientConfig, certificate } = convention.spec.webhook ?? {};
  const named = certificate ?? annotated(convention);
  if (!named) return clientConfig?.caBundle ? decode(clientConfig.caBundle) : undefined;
  const found = (await fromRequests(named, reader)) ?? (await fromSecret(named, reader));
  if (found) return found;
  const { namespace, name } = named;
  throw new ConventionFailure(
    "CABundleResolutionFailed",
    `failed to authenticate: unable to find valid certificaterequests for certificate "${namespace}/${name}"`,
  );
}

function annotated({ metadata }: ClusterPodConvention): Named | undefined {
  const text = metadata.annotations?.[INJECT_CA_ANNOTATION];
  if (text === undefined) return undefined;
  const [namespace = "", name = "", more] = text.split("/");
  if (namespace && name && more === undefined) return { namespace, name };
  const message = `failed to authenticate: annotation ${INJECT_CA_ANNOTATION} is "${text}", not namespace/name`;
  throw new ConventionFailure("CABundleResolutionFailed", message);
}

/** The authorities of the newest requests that are ready: more than one while a certificate is being renewed. */
async function fromRequests({ namespace, name }: Named, reader: Reader): Promise<string | undefined> {
  if (!(await isServed(CertificateRequest, reader))) return undefined;
  const requests = (await reader.list(CertificateRequest, { namespace })) as readonly Request[];
  const created = ({ metadata }: Request): number => Date.parse(metadata.creationTimestamp ?? "") || 0;
  const valid = requests
    .filter(({ metadata }) => metadata.annotations?.[CERTIFICATE_NAME] === name)
    .filter((request) => request.status?.ca && isTrue(request))
    .sort((left, right) => created(right) - created(left))
    .slice(0, NEWEST);
  return valid.length > 0 ? valid.map(({ status }) => decode(status?.ca ?? "")).join("") : undefined;
}

/** `ca.crt` of the certificate's secret; without cert-manager that is the secret of the certificate's name. */
async function fromSecret({ namespace, name }: Named, reader: Reader): Promise<string | undefined> {
  const certificate = (await isServed(Certificate, reader))
    ? ((await reader.get(Certificate, name, namespace)) as { spec?: { secretName?: string } } | undefined)
    : undefined;
  const secret = await reader.get(Secret, certificate?.spec?.secretName ?? name, namespace);
  const ca = secret?.data?.["ca.crt"];
  return ca ? decode(ca) : undefined;
}

/** A kind that the cluster does not serve must not be read: the answer would never come. */
async function isServed({ plural, group }: ResourceRef, reader: Reader): Promise<boolean> {
  return (await reader.get(CustomResourceDefinition, `${plural}.${group}`)) !== undefined;
}

function decode(base64: string): string {
  return `${Buffer.from(base64, "base64").toString().trimEnd()}\n`;
}
