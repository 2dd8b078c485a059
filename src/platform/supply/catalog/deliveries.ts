/** The out-of-the-box delivery: a Deliverable's configuration is deployed to this cluster by an Application. */
import type { Unstructured } from "#api/meta.ts";

const withImage = (operator: string) => ({ matchFields: [{ key: "spec.source.image", operator }] });

export const deliveryBasic: Unstructured = {
  apiVersion: "carto.run/v1alpha1",
  kind: "ClusterDelivery",
  metadata: { name: "delivery-basic" },
  spec: {
    selector: { "app.tanzu.vmware.com/deliverable-type": "web" },
    params: [{ name: "serviceAccount", default: "default" }],
    resources: [
      {
        name: "source-provider",
        templateRef: {
          kind: "ClusterSourceTemplate",
          options: [
            { name: "delivery-source-template", selector: withImage("Exists") },
            { name: "delivery-git-source-template", selector: withImage("DoesNotExist") },
          ],
        },
      },
      {
        name: "deployer",
        templateRef: { kind: "ClusterDeploymentTemplate", name: "app-deploy" },
        deployment: { resource: "source-provider" },
      },
    ],
  },
};
