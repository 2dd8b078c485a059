import { equal } from "node:assert/strict";
import { test } from "node:test";
import { canonicalQuantity } from "./quantity.ts";

// As a real API server writes them.
const CANONICAL: readonly (readonly [text: string, written: string | undefined])[] = [
  ["0.5", "500m"],
  ["1000m", "1"],
  ["1024Mi", "1Gi"],
  ["1.5Gi", "1536Mi"],
  ["1.5Ki", "1536"],
  ["1Ki", "1Ki"],
  ["0.5Ki", "512"],
  ["1500000000", "1500M"],
  ["2e9", "2e9"],
  ["2E3", "2e3"],
  ["12e10", "120e9"],
  ["1e-3", "1e-3"],
  ["100", "100"],
  ["0", "0"],
  ["0Gi", "0"],
  ["-1.5", "-1500m"],
  ["+3k", "3k"],
  ["0.0001", "100u"],
  ["0.00000000001", "1n"],
  ["9999999999999999999", "9223372036854775807"],
  ["", undefined],
  ["1 Gi", undefined],
  ["1KB", undefined],
  ["e3", undefined],
];
for (const [text, written] of CANONICAL)
  test(`quantity ${text || "(nothing)"}`, () => equal(canonicalQuantity(text), written));
