/** `config-writer-template`: the manifests go into Git (GitOps), or as a bundle into the registry (RegistryOps). */
import { REVISION, template } from "./template.ts";
import { CONTEXT, DESTINATION, DESTINATION_PARAMS } from "./ytt-functions.ts";

/** An image that a workload brings along need not say what it was built of. */
export const configWriterTemplate = template("ClusterTemplate", "config-writer-template", {
  healthRule: { singleConditionType: "Ready" },
  params: [
    ...DESTINATION_PARAMS,
    { name: "gitops_user_name", default: "" },
    { name: "gitops_user_email", default: "" },
    { name: "gitops_commit_message", default: "" },
    { name: "gitops_ssh_secret", default: "" },
  ],
  ytt: `\
${CONTEXT}
${DESTINATION}
#@ pod = data.values.configs.pod.config

#@ def provenance():
Slipway-Workload: #@ "{}/{}".format(namespace, name)
#@ if/end not hasattr(workload.spec, "image"):
Slipway-Source-Revision: #@ pod.metadata.annotations["${REVISION}"]
Slipway-Image: #@ pod.spec.containers[0].image
#@ end

#@ def commit():
repository:
  url: #@ repository()
  branch: #@ params.gitops_branch
  #@ if/end params.gitops_ssh_secret:
  secretRef:
    name: #@ params.gitops_ssh_secret
#@ if/end params.serviceAccount:
serviceAccountName: #@ params.serviceAccount
path: #@ directory()
message: #@ params.gitops_commit_message or "Deliver {}/{}".format(namespace, name)
#@ if/end params.gitops_user_name and params.gitops_user_email:
author:
  name: #@ params.gitops_user_name
  email: #@ params.gitops_user_email
files: #@ data.values.configs.config.config
provenance: #@ provenance()
#@ end

#@ def push():
image: #@ bundle()
#@ if/end params.serviceAccount:
serviceAccountName: #@ params.serviceAccount
files: #@ data.values.configs.config.config
images: #@ [container.image for container in pod.spec.containers]
provenance: #@ provenance()
#@ end
---
apiVersion: slipway.dev/v1alpha1
kind: #@ "ConfigCommit" if repository() else "ConfigBundle"
metadata:
  name: #@ name
spec: #@ commit() if repository() else push()
`,
});
