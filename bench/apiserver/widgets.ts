/** The objects of the load: a kind of about 860 bytes with a keyed list, status and scale. */

const GROUP = "load.example.dev";
const NAME = "widgets.load.example.dev";

export const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
export const widgetsIn = (namespace: string): string => `/apis/${GROUP}/v1/namespaces/${namespace}/widgets`;

const text = { type: "string" };
const keyed = (key: string, properties: object) => ({
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": [key],
  items: { type: "object", required: [key], properties },
});

export const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: NAME },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
        },
        additionalPrinterColumns: [
          { name: "Image", type: "string", jsonPath: ".spec.image" },
          { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                required: ["image"],
                properties: {
                  image: { type: "string", minLength: 1 },
                  replicas: { type: "integer", minimum: 0, default: 1 },
                  env: keyed("name", { name: text, value: text }),
                  params: { type: "object", additionalProperties: text },
                },
              },
              status: {
                type: "object",
                properties: {
                  replicas: { type: "integer" },
                  conditions: keyed("type", { type: text, status: text, reason: text, message: text }),
                },
              },
            },
          },
        },
      },
    ],
  },
};

/** One of a hundred shards by name, so that a label selector can pick one in a hundred. */
function shardOf(name: string): string {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return String(hash % 100);
}

export function widget(name: string, spec: object = {}) {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: "Widget",
    metadata: { name, labels: { app: "w", shard: shardOf(name) } },
    spec: {
      image: "registry.local/team/app:1.0.0",
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
      params: { tier: "web", lang: "node" },
      ...spec,
    },
  };
}
