/** Addresses of a platform on this machine, all moved together by one base. */

export type Addresses = { frontDoor: number; api: number; gateway: number };

const DEFAULT_BASE = 7400;

/** Front door at the base, the API 43 above, the gateway 80 above. */
export function addressesFrom(base: number = DEFAULT_BASE): Addresses {
  return { frontDoor: base, api: base + 43, gateway: base + 80 };
}
