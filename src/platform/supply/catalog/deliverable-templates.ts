/** The Deliverable of a workload: for this cluster, or as text in a ConfigMap for people to take to others. */
import type { Unstructured } from "#api/meta.ts";
import { template } from "./template.ts";
import { CONTEXT, DESTINATION, DESTINATION_PARAMS, METADATA } from "./ytt-functions.ts";

const DELIVERABLE = `\
${CONTEXT}
${METADATA}
${DESTINATION}
#@ def deliverable_labels():
#@   result = handed_on("labels")
#@   result.update({"app.kubernetes.io/component": "deliverable", "app.tanzu.vmware.com/deliverable-type": "web"})
#@   return result
#@ end

#@ def deliverable():
apiVersion: carto.run/v1alpha1
kind: Deliverable
metadata:
  name: #@ name
  labels: #@ deliverable_labels()
spec:
  #@ if/end hasattr(workload.spec, "serviceAccountName"):
  serviceAccountName: #@ workload.spec.serviceAccountName
  #@ if/end params.serviceAccount:
  params:
  - name: serviceAccount
    value: #@ params.serviceAccount
  source:
    #@ if repository():
    git:
      url: #@ repository()
      ref:
        branch: #@ params.gitops_branch
    #@ if/end given():
    subPath: #@ directory()
    #@ else:
    image: #@ bundle()
    #@ end
#@ end
`;

const deliverableTemplate = template("ClusterTemplate", "deliverable-template", {
  healthRule: { singleConditionType: "Ready" },
  params: DESTINATION_PARAMS,
  ytt: `${DELIVERABLE}--- #@ deliverable()\n`,
});

/** Nothing is deployed here: the text is applied on the clusters that the workload is for. */
const externalDeliverableTemplate = template("ClusterTemplate", "external-deliverable-template", {
  params: DESTINATION_PARAMS,
  ytt: `\
${DELIVERABLE}---
apiVersion: v1
kind: ConfigMap
metadata:
  name: #@ name + "-deliverable"
data:
  deliverable: #@ yaml.encode(deliverable())
`,
});

export const DELIVERABLE_TEMPLATES: readonly Unstructured[] = [deliverableTemplate, externalDeliverableTemplate];
