/** What load balancers report of services and ingresses. */
import { isIP } from "node:net";
import { ipAddress, warnOfNotation } from "./rules/addresses.ts";
import { dnsSubdomain } from "./rules/names.ts";
import type { Report } from "./rules/report.ts";

type LoadBalancer = { ingress?: readonly { ip?: string; hostname?: string; ipMode?: string }[] };

/** Warnings about the addresses of a load balancer. */
export function warnOfLoadBalancer(balancer: LoadBalancer | undefined): string[] {
  return (balancer?.ingress ?? []).flatMap(({ ip = "" }, index) =>
    warnOfNotation(ip, `status.loadBalancer.ingress[${index}]`),
  );
}

/** The addresses of a load balancer; `report` is that of the status. */
export function checkLoadBalancer(balancer: LoadBalancer | undefined, report: Report): void {
  balancer?.ingress?.forEach(({ ip, hostname, ipMode }, index) => {
    const at = report.at("loadBalancer", "ingress").item(index);
    if (ip) at.at("ip").invalidFor(ip, ipAddress(ip));
    if (ipMode && !ip) at.at("ipMode").forbidden("may not be specified when `ip` is not set");
    if (!hostname) return;
    at.at("hostname").invalidFor(hostname, dnsSubdomain(hostname));
    if (isIP(hostname)) at.at("hostname").invalid(hostname, "must be a DNS name, not an IP address");
  });
}
