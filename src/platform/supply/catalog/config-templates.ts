/** From the pod to the manifests of each workload type: a ConfigMap whose `delivery.yml` later steps read. */
import type { Unstructured } from "#api/meta.ts";
import { template } from "./template.ts";
import { CONTEXT, METADATA } from "./ytt-functions.ts";

/** `manifests` defines functions with one manifest each; `delivered` names them in the order of the file. */
function configTemplate(
  name: string,
  manifests: string,
  delivered: readonly string[],
  params: object[] = [],
): Unstructured {
  const file = delivered.map((manifest) => `yaml.encode(${manifest}())`).join(` + "---\\n" + `);
  return template("ClusterConfigTemplate", name, {
    configPath: ".data",
    params,
    ytt: `\
${CONTEXT}
${METADATA}
${manifests}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: #@ name
data:
  delivery.yml: #@ ${file}
`,
  });
}

const DEPLOYMENT = `\
#@ def deployment():
apiVersion: apps/v1
kind: Deployment
metadata:
  name: #@ name
  labels: #@ labels()
spec:
  selector:
    matchLabels:
      carto.run/workload-name: #@ name
  template: #@ data.values.config
#@ end
`;

/** web: scaled by requests, with a URL. */
const webTemplate = configTemplate(
  "config-template",
  `\
#@ def service():
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: #@ name
  labels: #@ labels()
spec:
  template: #@ data.values.config
#@ end
`,
  ["service"],
);

/** server: a Deployment behind a Service; the `ports` param names its ports. */
const serverTemplate = configTemplate(
  "server-template",
  `\
${DEPLOYMENT}---
#@ def service():
apiVersion: v1
kind: Service
metadata:
  name: #@ name
  labels: #@ labels()
spec:
  selector:
    carto.run/workload-name: #@ name
  ports: #@ params.ports
#@ end
`,
  ["deployment", "service"],
  [{ name: "ports", default: [{ name: "http", port: 8080, targetPort: 8080 }] }],
);

/** worker: a Deployment that nobody calls. */
const workerTemplate = configTemplate("worker-template", DEPLOYMENT, ["deployment"]);

export const CONFIG_TEMPLATES: readonly Unstructured[] = [webTemplate, serverTemplate, workerTemplate];
