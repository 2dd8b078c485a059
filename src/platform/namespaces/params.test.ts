/** What labels and annotations of a namespace mean. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseParams } from "./params.ts";

const P = "param.nsp.tap/";
const NONE = { secrets: [], imagePullSecrets: [] };

const ROWS: [name: string, metadata: Parameters<typeof parseParams>[0], params: object][] = [
  ["nothing", {}, NONE],
  ["what has another prefix", { annotations: { "example.com/limits.default.cpu": "1" } }, NONE],
  [
    "secrets of both accounts",
    {
      annotations: {
        [`${P}supply_chain_service_account.secrets`]: '["git", "registry"]',
        [`${P}delivery_service_account.secrets`]: '["git"]',
        [`${P}delivery_service_account`]: '{"imagePullSecrets": ["pull"]}',
      },
    },
    { secrets: ["git", "registry"], imagePullSecrets: ["pull"] },
  ],
  [
    "limits by path, and by object",
    { annotations: { [`${P}limits`]: '{"default": {"cpu": "1"}}', [`${P}limits.defaultRequest.memory`]: "1Gi" } },
    { ...NONE, limits: { default: { cpu: "1" }, defaultRequest: { memory: "1Gi" } } },
  ],
  [
    "a label over an annotation",
    { annotations: { [`${P}limits.default.cpu`]: "1" }, labels: { [`${P}limits.default.cpu`]: "2" } },
    { ...NONE, limits: { default: { cpu: "2" } } },
  ],
  [
    "limits that are switched off",
    { annotations: { [`${P}limits.default.cpu`]: "1" }, labels: { [`${P}skip_limit_range`]: "true" } },
    NONE,
  ],
  [
    "what does not parse or has another shape",
    {
      annotations: {
        [`${P}supply_chain_service_account.secrets`]: "[git",
        [`${P}delivery_service_account.secrets`]: "git",
        [`${P}limits`]: "[1]",
        [`${P}__proto__.secrets`]: "[1]",
      },
    },
    NONE,
  ],
];

for (const [name, metadata, params] of ROWS)
  test(`params: ${name}`, () => assert.deepEqual(parseParams(metadata), params));
