/** Network policies. */
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { cidr, isSubnet, warnOfNotation } from "./rules/addresses.ts";
import { portNumberOrName } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import { checkSelector } from "./rules/selectors.ts";
import type { Strategy } from "./strategy.ts";

const asPolicy = (object: Unstructured): Mutable<NetworkPolicy> => object as unknown as Mutable<NetworkPolicy>;
const TYPES = ["Ingress", "Egress"];

export const networkPolicyStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    const { spec } = asPolicy(draft);
    if (!spec) return;
    for (const { ports = [] } of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const port of ports) port.protocol ??= "TCP";
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ["Ingress", "Egress"] : ["Ingress"];
  },
  warn: (draft) => {
    const { ingress = [], egress = [] } = asPolicy(draft).spec ?? {};
    return [
      ...ingress.flatMap(({ from }, index) => warnOfPeers(from, `spec.ingress[${index}].from`)),
      ...egress.flatMap(({ to }, index) => warnOfPeers(to, `spec.egress[${index}].to`)),
    ];
  },
  validate: (draft) =>
    violations((report) => {
      const { podSelector, ingress = [], egress = [], policyTypes = [] } = asPolicy(draft).spec ?? {};
      const at = report.at("spec");
      checkSelector(podSelector, at.at("podSelector"));
      ingress.forEach(({ ports = [], from = [] }, index) => {
        checkRule(ports, from, at.at("ingress").item(index), "from");
      });
      egress.forEach(({ ports = [], to = [] }, index) => {
        checkRule(ports, to, at.at("egress").item(index), "to");
      });
      if (policyTypes.length > TYPES.length)
        at.at("policyTypes").invalid(policyTypes, "may not specify more than two policyTypes");
      else
        policyTypes.forEach((type, index) => {
          at.at("policyTypes").item(index).oneOf(type, TYPES);
        });
    }),
};

function warnOfPeers(peers: readonly NetworkPolicyPeer[] = [], path: string): string[] {
  return peers.flatMap(({ ipBlock }, index) => {
    const at = `${path}[${index}].ipBlock`;
    return [
      ...warnOfNotation(ipBlock?.cidr ?? "", `${at}.cidr`),
      ...(ipBlock?.except ?? []).flatMap((range, number) => warnOfNotation(range, `${at}.except[${number}]`)),
    ];
  });
}

function checkRule(
  ports: readonly NetworkPolicyPort[],
  peers: readonly NetworkPolicyPeer[],
  report: Report,
  direction: string,
): void {
  ports.forEach((port, index) => {
    checkPort(port, report.at("ports").item(index));
  });
  peers.forEach((peer, index) => {
    checkPeer(peer, report.at(direction).item(index));
  });
}

function checkPort({ protocol, port, endPort }: NetworkPolicyPort, report: Report): void {
  report.at("protocol").oneOf(protocol, ["TCP", "UDP", "SCTP"]);
  if (port === undefined) {
    if (endPort !== undefined)
      report.at("endPort").invalid(endPort, "may not be specified when `port` is not specified");
    return;
  }
  report.at("port").invalidFor(port, portNumberOrName(port));
  if (endPort === undefined) return;
  if (typeof port === "string")
    report.at("endPort").invalid(endPort, "may not be specified when `port` is non-numeric");
  else {
    if (endPort < port) report.at("endPort").invalid(port, "must be greater than or equal to `port`");
    report.at("endPort").invalidFor(endPort, portNumberOrName(endPort));
  }
}

function checkPeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, report: Report): void {
  if (podSelector) checkSelector(podSelector, report.at("podSelector"));
  if (namespaceSelector) checkSelector(namespaceSelector, report.at("namespaceSelector"));
  if (!podSelector && !namespaceSelector && !ipBlock) report.required("must specify a peer");
  else if (ipBlock && (podSelector || namespaceSelector))
    report.forbidden("may not specify both ipBlock and another peer");
  if (ipBlock) checkBlock(ipBlock, report.at("ipBlock"));
}

function checkBlock({ cidr: whole, except = [] }: NonNullable<NetworkPolicyPeer["ipBlock"]>, report: Report): void {
  if (!report.at("cidr").needs(whole)) return;
  const problems = cidr(whole);
  report.at("cidr").invalidFor(whole, problems);
  except.forEach((part, index) => {
    const at = report.at("except").item(index);
    const wrong = cidr(part);
    at.invalidFor(part, wrong);
    if (problems.length + wrong.length === 0 && !isSubnet(part, whole))
      at.invalid(part, "must be a strict subset of `cidr`");
  });
}
