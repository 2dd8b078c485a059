import assert from "node:assert/strict";
import { test } from "node:test";
import { applyTo } from "../testkit.ts";
import { liveView } from "./live-view.ts";
import { actuatorOf } from "./spring-boot/live-view.ts";

const image = { components: { "Steeltoe.Management.EndpointCore": "3.2" } };

test("Steeltoe applications are labelled, with the user's labels on top", () => {
  const labels = { "tanzu.app.live.view.application.actuator.port": "9", "carto.run/workload-name": "weather" };
  const { template, applied } = applyTo(liveView, { image, pod: { labels } });
  assert.deepEqual(template.metadata?.labels, {
    ...labels,
    "tanzu.app.live.view": "true",
    "tanzu.app.live.view.application.name": "weather",
    "tanzu.app.live.view.application.flavours": "steeltoe",
    "tanzu.app.live.view.application.actuator.path": "actuator",
  });
  assert.deepEqual(applied, ["app-live-view-connector-steeltoe", "app-live-view-appflavours-steeltoe"]);
});

test("others are not, nor those that opt out", () => {
  assert.deepEqual(applyTo(liveView, { image: { components: { Steeltoe: "1" } } }).applied, []);
  const labels = { "tanzu.app.live.view": "false" };
  const { template, applied } = applyTo(liveView, { image, pod: { labels } });
  assert.deepEqual([template.metadata?.labels, applied], [labels, []]);
});

/** Where actuators are, as the documentation of Application Live View tabulates it. */
const NONE = undefined;
const ROWS: [
  base: string | undefined,
  port: string | undefined,
  endpoints: string | undefined,
  context: string | undefined,
  expected: string,
][] = [
  [NONE, NONE, NONE, NONE, "8080/actuator"],
  ["/path", "8082", "/", NONE, "8082/path"],
  ["/path", "8082", "/manage/actuator", NONE, "8082/path/manage/actuator"],
  [NONE, NONE, "/", NONE, "none"],
  [NONE, NONE, "/manage", NONE, "8080/manage"],
  ["/path", "8082", NONE, NONE, "8082/path/actuator"],
  ["/", "8082", NONE, NONE, "8082/actuator"],
  [NONE, NONE, NONE, "/api", "8080/api/actuator"],
  ["/path", "8082", NONE, "/api", "8082/path/actuator"],
  ["/path", "8082", "/manage", "/api", "8082/path/manage"],
  ["/path", NONE, "/manage", "/api", "8080/api/manage"],
  ["/path", NONE, "/", "/api", "none"],
  ["/path", "8082", "/", "/api", "8082/path"],
  [NONE, NONE, "/manage", "/api", "8080/api/manage"],
];

for (const [base, port, endpoints, context, expected] of ROWS)
  test(`actuators with base ${base}, port ${port}, endpoints ${endpoints}, context ${context}: ${expected}`, () => {
    const given: [string, string | undefined][] = [
      ["management.server.base-path", base],
      ["management.server.port", port],
      ["management.endpoints.web.base-path", endpoints],
      ["server.servlet.context-path", context],
    ];
    const values = new Map(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
    const found = actuatorOf(values);
    assert.equal(found ? `${found.port}/${found.path}` : "none", expected);
  });
