/** Security contexts of pods and containers. */
import type {
  AppArmorProfile,
  Container,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from "#api/builtin/types.gen.ts";
import type { Report } from "../rules/report.ts";

const LARGEST_ID = 2_147_483_647;
const SYSCTL = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

function checkId(id: number | undefined, report: Report): void {
  if (id !== undefined) report.between(id, 0, LARGEST_ID);
}

/** The context of a container. */
export function checkContainerSecurity({ securityContext: context }: Container, report: Report): void {
  if (!context) return;
  checkId(context.runAsUser, report.at("runAsUser"));
  checkId(context.runAsGroup, report.at("runAsGroup"));
  if (context.procMount !== undefined) report.at("procMount").oneOf(context.procMount, ["Default", "Unmasked"]);
  checkSeccomp(context.seccompProfile, report.at("seccompProfile"));
  checkAppArmor(context.appArmorProfile, report.at("appArmorProfile"));
  if (context.allowPrivilegeEscalation !== false) return;
  if (context.privileged)
    report.invalid(inGo(context), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  if (context.capabilities?.add?.includes("CAP_SYS_ADMIN"))
    report.invalid(
      inGo(context),
      "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
    );
}

/** The context as a real server shows it, which prints its own representation. */
function inGo(context: SecurityContext): object {
  const { capabilities } = context;
  return {
    Capabilities: capabilities ? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null } : null,
    Privileged: context.privileged ?? null,
    SELinuxOptions: context.seLinuxOptions ?? null,
    WindowsOptions: context.windowsOptions ?? null,
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: context.seccompProfile ?? null,
    AppArmorProfile: context.appArmorProfile ?? null,
  };
}

function checkSeccomp(profile: SeccompProfile | undefined, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  if (!report.at("type").needs(type)) return;
  report.at("type").oneOf(type, ["Localhost", "RuntimeDefault", "Unconfined"]);
  if (type === "Localhost") checkLocalProfile(localhostProfile, "seccomp", report);
  else if (localhostProfile !== undefined)
    report
      .at("localhostProfile")
      .invalid({ Type: type, LocalhostProfile: localhostProfile }, "can only be set when seccomp type is Localhost");
}

function checkAppArmor(profile: AppArmorProfile | undefined, report: Report): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  if (!report.at("type").needs(type)) return;
  report.at("type").oneOf(type, ["Localhost", "RuntimeDefault", "Unconfined"]);
  if (type === "Localhost") checkLocalProfile(localhostProfile, "AppArmor", report);
  else if (localhostProfile !== undefined)
    report.at("localhostProfile").invalid(localhostProfile, "can only be set when AppArmor type is Localhost");
}

function checkLocalProfile(profile: string | undefined, system: string, report: Report): void {
  report.at("localhostProfile").needs(profile, `must be set when ${system} type is Localhost`);
}

/** The context of a pod, and what the pod shares with its node. */
export function checkPodSecurity(spec: PodSpec, report: Report): void {
  const { securityContext: context, hostPID, hostIPC, hostNetwork, shareProcessNamespace, hostUsers } = spec;
  const at = report.at("securityContext");
  if (hostPID && shareProcessNamespace)
    at.at("shareProcessNamespace").invalid(true, "ShareProcessNamespace and HostPID cannot both be enabled");
  if (hostUsers === false) {
    if (hostNetwork) report.at("hostNetwork").forbidden("when `hostUsers` is false");
    if (hostPID) report.at("HostPID").forbidden("when `hostUsers` is false");
    if (hostIPC) report.at("HostIPC").forbidden("when `hostUsers` is false");
  }
  if (context) checkPodContext(context, at);
  context?.sysctls?.forEach(({ name = "" }, index) => {
    const field = NODE_SYSCTLS.find(({ prefixes }) => prefixes.some((prefix) => name.startsWith(prefix)))?.field;
    if (field && spec[field])
      at.at("sysctls").item(index).at("name").invalid(name, `may not be specified when '${field}' is true`);
  });
}

/** Settings that are the node's own when the pod shares this with it. */
const NODE_SYSCTLS = [
  { field: "hostNetwork", prefixes: ["net."] },
  { field: "hostIPC", prefixes: ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."] },
] as const;

function checkPodContext(context: PodSecurityContext, report: Report): void {
  checkId(context.fsGroup, report.at("fsGroup"));
  checkId(context.runAsUser, report.at("runAsUser"));
  checkId(context.runAsGroup, report.at("runAsGroup"));
  context.supplementalGroups?.forEach((group, index) => {
    checkId(group, report.at("supplementalGroups").item(index));
  });
  if (context.fsGroupChangePolicy !== undefined)
    report.at("fsGroupChangePolicy").oneOf(context.fsGroupChangePolicy, ["Always", "OnRootMismatch"]);
  if (context.supplementalGroupsPolicy !== undefined)
    report.at("supplementalGroupsPolicy").oneOf(context.supplementalGroupsPolicy, ["Merge", "Strict"]);
  checkSysctls(context.sysctls, report.at("sysctls"));
  checkSeccomp(context.seccompProfile, report.at("seccompProfile"));
  checkAppArmor(context.appArmorProfile, report.at("appArmorProfile"));
}

function checkSysctls(sysctls: PodSecurityContext["sysctls"], report: Report): void {
  const seen = new Set<string>();
  const grammar = new RegExp(SYSCTL);
  sysctls?.forEach(({ name }, index) => {
    const at = report.item(index).at("name");
    if (!at.needs(name)) return;
    if (name.length > 253 || !grammar.test(name))
      at.invalid(name, `must have at most 253 characters and match regex ${SYSCTL}`);
    else if (seen.has(name)) at.duplicate(name);
    seen.add(name);
  });
}
