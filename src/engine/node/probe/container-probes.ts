/** All probes of one container instance: readiness and liveness begin when the startup probe has passed. */
import type { Probe } from "#api/builtin/types.gen.ts";
import type { ProbeTarget } from "./attempt.ts";
import { type ProbeKind, Prober } from "./prober.ts";

export type ProbeListener = {
  onStarted: () => void;
  onReady: (ready: boolean) => void;
  /** The container must be restarted. */
  onFailed: (kind: ProbeKind) => void;
  onUnhealthy: (kind: ProbeKind, why: string) => void;
};

/** Probes a running container until `stop`. Without probes it is started and ready at once. */
export class ContainerProbes {
  private readonly target: ProbeTarget;
  private readonly listener: ProbeListener;
  private readonly now: () => number;
  private readonly probers: Prober[] = [];

  constructor(target: ProbeTarget, listener: ProbeListener, now: () => number) {
    this.target = target;
    this.listener = listener;
    this.now = now;
  }

  /** `known`: what probes of an earlier run of the program have found. */
  start(known: { started: boolean; ready: boolean } = { started: false, ready: false }): void {
    const { startupProbe } = this.target.container;
    if (known.started) this.started(known);
    else if (startupProbe)
      this.run("startup", startupProbe, (success) => (success ? this.started() : this.listener.onFailed("startup")));
    else this.started();
  }

  stop(): void {
    for (const prober of this.probers) prober.stop();
  }

  private started(known?: { ready: boolean }): void {
    const { readinessProbe, livenessProbe } = this.target.container;
    this.listener.onStarted();
    const onLive = (success: boolean): void => {
      if (!success) this.listener.onFailed("liveness");
    };
    if (livenessProbe) this.run("liveness", livenessProbe, onLive, known !== undefined);
    if (readinessProbe)
      this.run("readiness", readinessProbe, (success) => this.listener.onReady(success), known?.ready);
    else this.listener.onReady(true);
  }

  private run(kind: ProbeKind, probe: Probe, onResult: (success: boolean) => void, resumed = false): void {
    const prober = new Prober({
      kind,
      probe,
      target: this.target,
      now: this.now,
      resumed,
      onResult: (success, why) => {
        if (!success) this.listener.onUnhealthy(kind, why);
        onResult(success);
      },
    });
    this.probers.push(prober);
    prober.start();
  }
}
