/** What to do next, by the reason that an object gives, else by its kind. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { notReady } from "./finding.ts";

type Advice = (object: Unstructured) => string;

const REHEARSE: Advice = ({ metadata: { name, namespace } }) =>
  `mend the template or the param; what every step would stamp: slipway workload apply ${name} -n ${namespace} --dry-run=server`;
const CHOOSE: Advice = () =>
  "give it the labels and fields that one selects: slipway cluster-supply-chain list shows what each wants";
const TELL_APART: Advice = () =>
  "make one selector more specific; slipway supply-chain lint FILES --cluster shows which meet";

/** Reasons of workloads, deliverables and runnables. */
const BY_REASON: { readonly [reason: string]: Advice } = {
  WorkloadLabelsMissing: CHOOSE,
  SupplyChainNotFound: CHOOSE,
  MultipleSupplyChainMatches: TELL_APART,
  DeliverableLabelsMissing: () =>
    "label it app.tanzu.vmware.com/deliverable-type: web, or as another ClusterDelivery wants it",
  DeliveryNotFound: () => "label it app.tanzu.vmware.com/deliverable-type: web, or as another ClusterDelivery wants it",
  MultipleDeliveryMatches: TELL_APART,
  TemplatesNotFound: () => "apply the templates that are missing",
  RunTemplateNotFound: () => "apply the ClusterRunTemplate that is missing",
  ServiceAccountError: () => "create the service account, or name another",
  TemplateStampFailure: REHEARSE,
  TemplateRejectedByAPIServer: REHEARSE,
  TemplateOptionsMatchError: REHEARSE,
  ResolveTemplateOptionsError: REHEARSE,
  StampedObjectRejectedByAPIServer: () => "mend the ClusterRunTemplate or the inputs of the Runnable",
  Paused: ({ metadata: { name, namespace } }) => `slipway workload resume ${name} -n ${namespace}`,
  CABundleResolutionFailed: () => "look at the certificate that the ClusterPodConvention names",
  ImageResolutionFailed: () => "create the service account, and mend its pull secrets",
  AuthenticationFailed: () =>
    "look at the Secret with the credentials of the repository: slipway's README lists its fields",
};

const MEND_SOURCE = "read the output above, fix the source, and push again";

const BY_KIND: { readonly [kind: string]: Advice } = {
  Workload: ({ metadata: { name, namespace } }) => `slipway workload get ${name} -n ${namespace} shows every step`,
  GitRepository: () => "check the URL and the branch, tag or commit in spec.source.git of the workload",
  ImageRepository: () => "check the image's name, and the pull secrets of its service account",
  Image: () => MEND_SOURCE,
  Build: () => MEND_SOURCE,
  PodIntent: () => "check that the image can be read, and the ClusterPodConventions: slipway convention list",
  ConfigCommit: () => "check that the GitOps repository exists and takes pushes",
  ConfigBundle: () => "check the registry, and the secrets of the service account that open it",
  Application: () => "compare the manifests in the GitOps repository with the error",
  Service: () => MEND_SOURCE,
  Revision: () => MEND_SOURCE,
};

/** Undefined when there is nothing better to say than of the object before it. */
export function adviceFor(object: Unstructured): string | undefined {
  const reason = notReady(object)?.reason ?? "";
  return (BY_REASON[reason] ?? BY_KIND[object.kind])?.(object);
}
