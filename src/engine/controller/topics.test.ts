import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod } from "#api/builtin/index.ts";
import type { Unstructured } from "#api/meta.ts";
import { selectionTopic, topicOf, topicsOfChange } from "./topics.ts";

function pod(labels?: Record<string, string>): Unstructured {
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "ns", ...(labels && { labels }) } };
}

const CHANGE = topicsOfChange(Pod, pod({ app: "a", uid: "0123456789" }), pod({ app: "before" }));

const ROWS: { name: string; topic: string; woken: boolean }[] = [
  { name: "who read the object", topic: topicOf(Pod, "ns", "p"), woken: true },
  { name: "who read another object", topic: topicOf(Pod, "ns", "q"), woken: false },
  { name: "who listed the namespace", topic: selectionTopic(Pod, { namespace: "ns" }), woken: true },
  { name: "who listed everything", topic: selectionTopic(Pod, {}), woken: true },
  { name: "who listed another namespace", topic: selectionTopic(Pod, { namespace: "other" }), woken: false },
  {
    name: "who asked for a label that it has",
    topic: selectionTopic(Pod, { namespace: "ns", labels: { app: "a" } }),
    woken: true,
  },
  { name: "who asked for a label that it had", topic: selectionTopic(Pod, { labels: { app: "before" } }), woken: true },
  {
    name: "who asked for two labels that it has",
    topic: selectionTopic(Pod, { namespace: "ns", labels: { app: "a", uid: "0123456789" } }),
    woken: true,
  },
  {
    name: "who asked for another's identity",
    topic: selectionTopic(Pod, { namespace: "ns", labels: { app: "a", uid: "9876543210" } }),
    woken: false,
  },
];

for (const { name, topic, woken } of ROWS)
  test(`a change wakes: ${name}: ${woken}`, () => assert.equal(CHANGE.has(topic), woken));
