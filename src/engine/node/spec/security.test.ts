import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Container, Pod, PodSecurityContext } from "#api/builtin/types.gen.ts";
import type { ImageConfig } from "#ports/oci/image.ts";
import { refusalOf } from "../plan/admission.ts";
import { limitationsOf } from "./limitations.ts";
import { capabilitiesOf, type SecuritySpec, securityOf } from "./security.ts";

type Own = NonNullable<Container["securityContext"]>;

const container = (securityContext: Own = {}): Container => ({ name: "c", securityContext });

function pod(securityContext: PodSecurityContext = {}, spec: Partial<Pod["spec"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "ns", uid: "u" },
    spec: { containers: [], securityContext, ...spec },
  };
}

const image = (User = ""): ImageConfig => ({
  architecture: "amd64",
  os: "linux",
  config: { User },
  rootfs: { type: "layers", diff_ids: [] },
});

describe("securityOf", () => {
  const rows: [string, Own, PodSecurityContext, string, Partial<SecuritySpec>][] = [
    ["the image's user", {}, {}, "app:staff", { user: "app:staff" }],
    ["the pod's user", {}, { runAsUser: 7 }, "app", { user: "7" }],
    ["the container's user before the pod's", { runAsUser: 8 }, { runAsUser: 7, runAsGroup: 9 }, "", { user: "8:9" }],
    ["a group alone", { runAsGroup: 9 }, {}, "1000:1000", { user: "1000:9" }],
    ["groups of the pod", {}, { fsGroup: 5, supplementalGroups: [6, 5] }, "", { groups: [5, 6] }],
    ["privileges can be had again", {}, {}, "", { noNewPrivileges: false }],
    ["unless that is forbidden", { allowPrivilegeEscalation: false }, {}, "", { noNewPrivileges: true }],
    ["a filter for system calls", {}, {}, "", { seccomp: "default" }],
    ["no filter", {}, { seccompProfile: { type: "Unconfined" } }, "", { seccomp: "unconfined" }],
    [
      "the container's filter before the pod's",
      { seccompProfile: { type: "RuntimeDefault" } },
      { seccompProfile: { type: "Unconfined" } },
      "",
      { seccomp: "default" },
    ],
    [
      "kernel settings, with our own below",
      {},
      { sysctls: [{ name: "net/ipv4/ip_unprivileged_port_start", value: "1024" }] },
      "",
      {
        sysctls: { "net.ipv4.ip_unprivileged_port_start": "1024", "net.ipv4.ping_group_range": "0 2147483647" },
      },
    ],
  ];
  for (const [title, own, ofPod, user, expected] of rows)
    it(title, () => assert.partialDeepStrictEqual(securityOf(pod(ofPod), container(own), image(user)), expected));

  it("leaves the host's network as it is", () =>
    assert.deepEqual(securityOf(pod({}, { hostNetwork: true }), container(), image()).sysctls, {}));

  const where = '(pod: "p_ns(u)", container: c)';
  const refused: [string, Own, string, string, Partial<Pod["spec"]>?][] = [
    ["root by default", { runAsNonRoot: true }, "", `container has runAsNonRoot and image will run as root ${where}`],
    ["root by number", { runAsNonRoot: true }, "0:0", `container has runAsNonRoot and image will run as root ${where}`],
    [
      "a user by name",
      { runAsNonRoot: true },
      "app",
      `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root ${where}`,
    ],
    [
      "root by the pod",
      { runAsNonRoot: true, runAsUser: 0 },
      "",
      `container's runAsUser breaks non-root policy ${where}`,
    ],
    [
      "privileges",
      { privileged: true },
      "",
      `privileged containers are not allowed on this node: add the capabilities that are needed instead ${where}`,
    ],
    [
      "a profile of the node",
      { seccompProfile: { type: "Localhost", localhostProfile: "x" } },
      "",
      `this node has no seccomp profiles of its own: use RuntimeDefault or Unconfined ${where}`,
    ],
    ["the host's processes", {}, "", `hostPID and hostIPC are not allowed on this node ${where}`, { hostPID: true }],
  ];
  for (const [title, own, user, message, spec] of refused)
    it(`refuses ${title}`, () =>
      assert.throws(() => securityOf(pod({}, spec), container(own), image(user)), {
        reason: "CreateContainerConfigError",
        message,
      }));
});

describe("capabilitiesOf", () => {
  const rows: [string, NonNullable<Own["capabilities"]>, (granted: string[]) => boolean, string[]][] = [
    ["the usual ones", {}, (granted) => granted.length === 14, []],
    ["one less", { drop: ["NET_RAW"] }, (granted) => granted.length === 13, []],
    [
      "none but one",
      { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
      (granted) => granted.join() === "NET_BIND_SERVICE",
      [],
    ],
    ["one more", { add: ["CAP_SYS_PTRACE"] }, (granted) => granted.includes("SYS_PTRACE"), []],
    ["not those that reach further", { add: ["SYS_ADMIN"] }, (granted) => granted.length === 14, ["SYS_ADMIN"]],
    ["all that there are", { add: ["ALL"] }, (granted) => granted.length === 20, []],
    ["dropped by name after all", { add: ["ALL"], drop: ["KILL"] }, (granted) => !granted.includes("KILL"), []],
  ];
  for (const [title, capabilities, test, refused] of rows)
    it(title, () => {
      const found = capabilitiesOf(container({ capabilities }));
      assert.ok(test(found.granted), found.granted.join());
      assert.deepEqual(found.refused, refused);
    });
});

describe("refusalOf", () => {
  const rows: [string, Pod, string | undefined][] = [
    ["an ordinary pod", pod(), undefined],
    ["a safe kernel setting", pod({ sysctls: [{ name: "net.ipv4.tcp_syncookies", value: "1" }] }), undefined],
    ["an unsafe kernel setting", pod({ sysctls: [{ name: "kernel.msgmax", value: "1" }] }), "SysctlForbidden"],
    [
      "a setting of the host's network",
      pod({ sysctls: [{ name: "net.ipv4.tcp_syncookies", value: "1" }] }, { hostNetwork: true }),
      "SysctlForbidden",
    ],
    ["another system", pod({}, { os: { name: "windows" } }), "PodOSNotSupported"],
  ];
  for (const [title, given, reason] of rows) it(title, () => assert.equal(refusalOf(given, [])?.reason, reason));
});

describe("limitationsOf", () => {
  const none = { enforces: { limits: false, groups: false, seccomp: false, sharedProcesses: false } };
  const all = { enforces: { limits: true, groups: true, seccomp: true, sharedProcesses: true } };
  const asking: Container = {
    name: "c",
    resources: { limits: { memory: "1Mi" } },
    securityContext: { capabilities: { add: ["SYS_ADMIN"] } },
  };
  it("says what is not enforced, and nothing else", () => {
    const given = pod({ fsGroup: 1, seccompProfile: { type: "RuntimeDefault" } });
    assert.equal(limitationsOf(given, asking, all).length, 1);
    assert.equal(limitationsOf(given, asking, none).length, 4);
    assert.deepEqual(limitationsOf(pod(), container(), none), []);
  });
});
