import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerExit, Signal } from "#ports/sandbox/runtime.ts";
import { stopSignal, Termination, type TerminationOptions } from "./termination.ts";

/** A container that notes its signals, and ends with the one that is given. */
function container(endsWith: Signal) {
  const signals: Signal[] = [];
  const { promise: exited, resolve } = Promise.withResolvers<ContainerExit>();
  const kill = (signal: Signal): void => {
    signals.push(signal);
    if (signal === endsWith) resolve({ code: 0, oomKilled: false });
  };
  return { signals, exited, kill };
}

async function signalsOf(endsWith: Signal, options: Partial<TerminationOptions>, hurry?: number): Promise<Signal[]> {
  const target = container(endsWith);
  const base = { container: target, signal: "SIGTERM", graceMs: 60_000, now: () => performance.now() } as const;
  const termination = new Termination({ ...base, ...options });
  if (hurry !== undefined) termination.hurry(hurry);
  await target.exited;
  return target.signals;
}

describe("Termination", () => {
  it("sends the signal at once", async () => assert.deepEqual(await signalsOf("SIGTERM", {}), ["SIGTERM"]));
  it("sends the signal that was asked for", async () =>
    assert.deepEqual(await signalsOf("SIGINT", { signal: "SIGINT" }), ["SIGINT"]));
  it("kills when the time is up", async () =>
    assert.deepEqual(await signalsOf("SIGKILL", { graceMs: 10 }), ["SIGTERM", "SIGKILL"]));
  it("kills without a word when there is no grace", async () =>
    assert.deepEqual(await signalsOf("SIGKILL", { graceMs: 0 }), ["SIGKILL"]));
  it("can be hurried", async () => assert.deepEqual(await signalsOf("SIGKILL", {}, 10), ["SIGTERM", "SIGKILL"]));

  it("runs the hook, then waits for its turn, then sends the signal", async () => {
    const order: string[] = [];
    const { promise: turn, resolve } = Promise.withResolvers<void>();
    const hook = async (): Promise<void> => {
      order.push("hook");
      setImmediate(() => {
        order.push("turn");
        resolve();
      });
    };
    const target = container("SIGTERM");
    new Termination({ container: target, signal: "SIGTERM", graceMs: 60_000, hook, turn, now: () => 0 });
    await target.exited;
    assert.deepEqual(order, ["hook", "turn"]);
  });

  it("does not wait for a hook longer than the grace time", async () => {
    const hook = (): Promise<void> => new Promise(() => undefined);
    assert.deepEqual(await signalsOf("SIGTERM", { graceMs: 10, hook }), ["SIGTERM"]);
  });

  it("leaves a container alone that has ended by itself", async () => {
    const target = container("SIGTERM");
    const turn = target.exited.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
    new Termination({ container: target, signal: "SIGTERM", graceMs: 60_000, turn, now: () => 0 });
    target.kill("SIGTERM");
    await turn;
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(target.signals, ["SIGTERM"]);
  });
});

describe("stopSignal", () => {
  const rows: [string[], Signal][] = [
    [[], "SIGTERM"],
    [["SIGQUIT"], "SIGQUIT"],
    [["INT"], "SIGINT"],
    [["2"], "SIGINT"],
    [["", "USR1"], "SIGUSR1"],
    [["SIGRTMIN+3"], "SIGTERM"],
  ];
  for (const [names, signal] of rows)
    it(`${names.join(",")} -> ${signal}`, () => assert.equal(stopSignal(...names), signal));
});
