/** Probes and lifecycle hooks of containers. */
import type { Container, Lifecycle, LifecycleHandler, Probe } from "#api/builtin/types.gen.ts";
import { headerName, portNumber, portNumberOrName } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;

/** The probes of a container that may have them. `grace` are the seconds that the pod has to end. */
export function checkProbes(container: Container, grace: number, report: Report): void {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  if (lifecycle) checkLifecycle(lifecycle, grace, report.at("lifecycle"));
  if (livenessProbe) {
    checkProbe(livenessProbe, grace, report.at("livenessProbe"));
    checkSuccess(livenessProbe, report.at("livenessProbe"));
  }
  if (readinessProbe) {
    checkProbe(readinessProbe, grace, report.at("readinessProbe"));
    const seconds = readinessProbe.terminationGracePeriodSeconds;
    if (seconds !== undefined)
      report
        .at("readinessProbe", "terminationGracePeriodSeconds")
        .invalid(seconds, "must not be set for readinessProbes");
  }
  if (startupProbe) {
    checkProbe(startupProbe, grace, report.at("startupProbe"));
    checkSuccess(startupProbe, report.at("startupProbe"));
  }
}

function checkSuccess({ successThreshold }: Probe, report: Report): void {
  if (successThreshold !== undefined && successThreshold !== 1)
    report.at("successThreshold").invalid(successThreshold, "must be 1");
}

function checkProbe(probe: Probe, grace: number, report: Report): void {
  checkHandler(probe, grace, report);
  for (const field of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ] as const)
    report.at(field).notNegative(probe[field]);
  const seconds = probe.terminationGracePeriodSeconds;
  if (seconds !== undefined && seconds <= 0)
    report.at("terminationGracePeriodSeconds").invalid(seconds, "must be greater than 0");
}

/** The hooks of a container. */
function checkLifecycle({ postStart, preStop, stopSignal }: Lifecycle, grace: number, report: Report): void {
  if (postStart) checkHandler(postStart, grace, report.at("postStart"));
  if (preStop) checkHandler(preStop, grace, report.at("preStop"));
  if (stopSignal) report.at("stopSignal").forbidden("may not be set for containers with empty `spec.os.name`");
}

function checkHandler({ exec, httpGet, tcpSocket, grpc, sleep }: Handler, grace: number, report: Report): void {
  let given = 0;
  const isFirst = (field: string): boolean => {
    given += 1;
    if (given > 1) report.at(field).forbidden("may not specify more than 1 handler type");
    return given === 1;
  };
  if (exec && isFirst("exec") && !exec.command?.length) report.at("exec", "command").required();
  if (httpGet && isFirst("httpGet")) checkHttpGet(httpGet, report.at("httpGet"));
  if (tcpSocket && isFirst("tcpSocket")) {
    const port = tcpSocket.port ?? 0;
    report.at("tcpSocket", "port").invalidFor(port, portNumberOrName(port));
  }
  if (grpc && isFirst("grpc")) report.at("grpc", "port").invalidFor(grpc.port ?? 0, portNumber(grpc.port ?? 0));
  if (sleep && isFirst("sleep")) {
    const seconds = sleep.seconds ?? 0;
    if (seconds < 0 || seconds > grace)
      report
        .at("sleep")
        .invalid(seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`);
  }
  if (given === 0) report.required("must specify a handler type");
}

function checkHttpGet(action: NonNullable<Probe["httpGet"]>, report: Report): void {
  const { path, port = 0, scheme = "", httpHeaders = [] } = action;
  if (!path) report.at("path").required();
  report.at("port").invalidFor(port, portNumberOrName(port));
  report.at("scheme").oneOf(scheme, ["HTTP", "HTTPS"]);
  for (const { name } of httpHeaders) report.at("httpHeaders").invalidFor(name, headerName(name));
}
