import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/builtin/types.gen.ts";
import { renderDuration } from "./age.ts";
import { summarizePod } from "./pods.ts";

const now = new Date("2026-01-01T00:10:00Z");
const running = (name: string, ready = true) => ({
  name,
  ready,
  started: true,
  restartCount: 0,
  state: { running: {} },
});
const waiting = (name: string, reason: string) => ({
  name,
  ready: false,
  restartCount: 0,
  state: { waiting: { reason } },
});
const ended = (name: string, exitCode: number, rest: object = {}) => ({
  name,
  ready: false,
  restartCount: 0,
  state: { terminated: { exitCode, ...rest } },
});

type Parts = { main?: object[]; init?: object[]; sidecar?: boolean; status?: object; metadata?: object };

function pod({ main = [], init = [], sidecar = false, status = {}, metadata = {} }: Parts): Pod {
  const named = (statuses: object[]) => statuses.map((each) => ({ name: (each as { name: string }).name }));
  return {
    metadata: { name: "p", ...metadata },
    spec: {
      containers: main.length > 0 ? named(main) : [{ name: "c" }],
      initContainers: named(init).map((container) => ({ ...container, ...(sidecar && { restartPolicy: "Always" }) })),
    },
    status: { phase: "Running", containerStatuses: main, initContainerStatuses: init, ...status },
  } as unknown as Pod;
}

const CASES: [title: string, pod: Pod, ready: string, status: string, restarts: string][] = [
  ["new", pod({ status: { phase: "Pending" } }), "0/1", "Pending", "0"],
  ["running", pod({ main: [running("a"), running("b", false)] }), "1/2", "Running", "0"],
  ["waiting", pod({ main: [waiting("a", "ImagePullBackOff")] }), "0/1", "ImagePullBackOff", "0"],
  [
    "first container wins",
    pod({ main: [waiting("a", "ErrImagePull"), waiting("b", "CrashLoopBackOff")] }),
    "0/2",
    "ErrImagePull",
    "0",
  ],
  ["exit code", pod({ main: [ended("a", 3)] }), "0/1", "ExitCode:3", "0"],
  ["signal", pod({ main: [ended("a", 137, { signal: 9 })] }), "0/1", "Signal:9", "0"],
  [
    "completed",
    pod({ main: [ended("a", 0, { reason: "Completed" })], status: { phase: "Succeeded" } }),
    "0/1",
    "Completed",
    "0",
  ],
  ["partly completed", pod({ main: [ended("a", 0, { reason: "Completed" }), running("b")] }), "1/2", "NotReady", "0"],
  [
    "first init container",
    pod({
      init: [{ name: "i", restartCount: 0, state: { running: {} } }, waiting("j", "PodInitializing")],
      status: { phase: "Pending" },
    }),
    "0/1",
    "Init:0/2",
    "0",
  ],
  [
    "failing init container",
    pod({ init: [waiting("i", "CrashLoopBackOff")], status: { phase: "Pending" } }),
    "0/1",
    "Init:CrashLoopBackOff",
    "0",
  ],
  [
    "failed init container",
    pod({ init: [ended("i", 1, { reason: "Error" })], status: { phase: "Pending" } }),
    "0/1",
    "Init:Error",
    "0",
  ],
  ["sidecar", pod({ init: [running("s")], sidecar: true, main: [running("a")] }), "2/2", "Running", "0"],
  ["evicted", pod({ status: { phase: "Failed", reason: "Evicted" } }), "0/1", "Evicted", "0"],
  [
    "gated",
    pod({
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] },
    }),
    "0/1",
    "SchedulingGated",
    "0",
  ],
  [
    "deleted",
    pod({ main: [running("a")], metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }),
    "1/1",
    "Terminating",
    "0",
  ],
  [
    "lost",
    pod({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, status: { reason: "NodeLost" } }),
    "0/1",
    "Unknown",
    "0",
  ],
  [
    "restarted",
    pod({
      main: [
        {
          ...running("a"),
          restartCount: 2,
          lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:04:57Z" } },
        },
      ],
    }),
    "1/1",
    "Running",
    "2 (5m3s ago)",
  ],
];

for (const [title, subject, ready, status, restarts] of CASES)
  test(title, () => deepEqual(summarizePod(subject, now), { ready, status, restarts }));

const DURATIONS: [seconds: number, text: string][] = [
  [-5, "<invalid>"],
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [303, "5m3s"],
  [600, "10m"],
  [10_799, "179m"],
  [10_800, "3h"],
  [13_500, "3h45m"],
  [28_800, "8h"],
  [172_800, "2d"],
  [187_200, "2d4h"],
  [691_200, "8d"],
  [63_072_000, "2y"],
];

for (const [seconds, text] of DURATIONS)
  test(`${seconds} s is ${text}`, () => equal(renderDuration(seconds * 1000), text));
