/** From source to the pod: `kpack-template` builds the image, `convention-template` has conventions applied to its pod. */
import { REVISION, template } from "./template.ts";
import { CONTEXT, METADATA } from "./ytt-functions.ts";

const SERVICE_ACCOUNT = { name: "serviceAccount", default: "" };
const LIVE_UPDATE = { name: "live-update", default: false };

export const kpackTemplate = template("ClusterImageTemplate", "kpack-template", {
  imagePath: ".status.latestImage",
  healthRule: { singleConditionType: "Ready" },
  params: [
    { name: "clusterBuilder", default: "default" },
    { name: "registry", default: {} },
    SERVICE_ACCOUNT,
    LIVE_UPDATE,
  ],
  ytt: `\
${CONTEXT}
#@ source = workload.spec.source

#@ def env():
#@   given = getattr(getattr(workload.spec, "build", {}), "env", [])
#@   reload = {"name": "BP_LIVE_RELOAD_ENABLED", "value": "true"}
#@   return list(given) + ([reload] if is_on("live-update") else [])
#@ end
---
apiVersion: kpack.io/v1alpha2
kind: Image
metadata:
  name: #@ name
  annotations:
    ${REVISION}: #@ data.values.source.revision
    slipway.dev/source-repository: #@ source.git.url if hasattr(source, "git") else source.image
spec:
  tag: #@ "{}/{}/{}-{}".format(params.registry.server, params.registry.repository, name, namespace)
  builder:
    kind: ClusterBuilder
    name: #@ params.clusterBuilder
  #@ if/end params.serviceAccount:
  serviceAccountName: #@ params.serviceAccount
  source:
    blob:
      url: #@ data.values.source.url
    #@ if/end hasattr(source, "subPath"):
    subPath: #@ source.subPath
  #@ if/end env():
  build:
    env: #@ env()
`,
});

export const conventionTemplate = template("ClusterConfigTemplate", "convention-template", {
  configPath: ".status.template",
  healthRule: { singleConditionType: "Ready" },
  params: [
    { name: "annotations", default: { "developer.conventions/target-containers": "workload" } },
    SERVICE_ACCOUNT,
    LIVE_UPDATE,
    { name: "debug", default: false },
  ],
  ytt: `\
${CONTEXT}
${METADATA}
#@ def annotations():
#@   result = handed_on("annotations")
#@   result.update(params.annotations)
#@   for param in ("live-update", "debug"):
#@     if is_on(param):
#@       result["apps.tanzu.vmware.com/" + param] = "true"
#@     end
#@   end
#@   return result
#@ end
---
apiVersion: conventions.carto.run/v1alpha1
kind: PodIntent
metadata:
  name: #@ name
spec:
  #@ if/end params.serviceAccount:
  serviceAccountName: #@ params.serviceAccount
  template:
    metadata:
      annotations: #@ annotations()
      labels: #@ labels()
    spec:
      #@ if/end params.serviceAccount:
      serviceAccountName: #@ params.serviceAccount
      containers:
      - name: workload
        image: #@ data.values.image
        terminationMessagePolicy: FallbackToLogsOnError
        #@ if/end hasattr(workload.spec, "env"):
        env: #@ workload.spec.env
        #@ if/end hasattr(workload.spec, "resources"):
        resources: #@ workload.spec.resources
`,
});
