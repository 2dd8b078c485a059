/** What storage drivers say of themselves: CSIDrivers, CSINodes and CSIStorageCapacities. */
import type { CSIDriver, CSIDriverSpec, CSINode, CSINodeDriver, CSIStorageCapacity } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { dnsSubdomain, labelKey } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import { checkSelector } from "./rules/selectors.ts";
import type { Strategy } from "./strategy.ts";
import { checkKept, draftOf } from "./workloads/shared.ts";

const SHORTEST_TOKEN = 600;
const LONGEST_TOKEN = 2 ** 32;
const SHORTEST_UPDATE_PERIOD = 10;
const TOKENS_IN_ATTRIBUTES =
  "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes";

export const driverStrategy: Strategy = {
  returnsDeleted: true,
  warn: (draft, current) => (showsTokens(draft) && !(current && showsTokens(current)) ? [TOKENS_IN_ATTRIBUTES] : []),
  defaults: (draft) => {
    const { spec } = draftOf<CSIDriver>(draft);
    if (!spec) return;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  /** A new driver has no generation: the first change counts as one. */
  prepareUpdate: (draft, current) => {
    const { generation = 0 } = current.metadata;
    if (!deepEqual(draft.spec, current.spec)) draft.metadata.generation = generation + 1;
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = draftOf<CSIDriver>(draft);
      checkDriver(spec ?? {}, report.at("spec"));
      const before = current && draftOf<CSIDriver>(current).spec;
      if (!before) return;
      checkKept(spec?.attachRequired, before.attachRequired, report.at("spec", "attachedRequired"));
      checkKept(spec?.volumeLifecycleModes, before.volumeLifecycleModes, report.at("spec", "volumeLifecycleModes"));
    }),
};

/** Whether the driver is handed tokens among the attributes of volumes. */
function showsTokens(driver: Unstructured): boolean {
  const { tokenRequests = [], serviceAccountTokenInSecrets } = draftOf<CSIDriver>(driver).spec ?? {};
  return tokenRequests.length > 0 && serviceAccountTokenInSecrets === undefined;
}

function checkDriver(spec: CSIDriverSpec, report: Report): void {
  const { tokenRequests = [], volumeLifecycleModes = [], nodeAllocatableUpdatePeriodSeconds: period } = spec;
  report.at("fsGroupPolicy").oneOf(spec.fsGroupPolicy, ["File", "None", "ReadWriteOnceWithFSType"]);
  const audiences = new Set<string>();
  tokenRequests.forEach(({ audience = "", expirationSeconds: seconds }, index) => {
    const at = report.at("tokenRequests").item(index);
    if (audiences.has(audience)) {
      at.at("audience").duplicate(audience);
      return;
    }
    audiences.add(audience);
    if (seconds === undefined) return;
    if (seconds < SHORTEST_TOKEN)
      at.at("expirationSeconds").invalid(seconds, "may not specify a duration less than 10 minutes");
    if (seconds > LONGEST_TOKEN)
      at.at("expirationSeconds").invalid(seconds, "may not specify a duration larger than 2^32 seconds");
  });
  for (const mode of volumeLifecycleModes) report.at("volumeLifecycleModes").oneOf(mode, ["Persistent", "Ephemeral"]);
  if (period !== undefined && period < SHORTEST_UPDATE_PERIOD)
    report.at("nodeAllocatableUpdatePeriodSeconds").invalid(period, "must be greater than or equal to 10 seconds");
  if (spec.serviceAccountTokenInSecrets !== undefined && tokenRequests.length === 0)
    report
      .at("serviceAccountTokenInSecrets")
      .invalid(
        spec.serviceAccountTokenInSecrets,
        "serviceAccountTokenInSecrets is set but no tokenRequests are specified",
      );
}

const LONGEST_DRIVER_NAME = 63;
const LONGEST_NODE_ID = 256;

export const csiNodeStrategy: Strategy = {
  returnsDeleted: true,
  validate: (draft, current) =>
    violations((report) => {
      const drivers = draftOf<CSINode>(draft).spec?.drivers ?? [];
      const at = report.at("spec", "drivers");
      const names = new Set<string>();
      drivers.forEach((driver, index) => {
        checkNodeDriver(driver, at.item(index));
        if (names.has(driver.name)) at.item(index).at("name").duplicate(driver.name);
        names.add(driver.name);
      });
      const before = (current && draftOf<CSINode>(current).spec?.drivers) ?? [];
      for (const driver of drivers) checkSameDriver(driver, before, at);
    }),
};

function checkNodeDriver(driver: Mutable<CSINodeDriver>, report: Report): void {
  const { name = "", nodeID = "", topologyKeys, allocatable } = driver;
  if (report.at("name").needs(name)) {
    if (name.length > LONGEST_DRIVER_NAME) report.at("name").tooLong(LONGEST_DRIVER_NAME);
    report.at("name").invalidFor(name, dnsSubdomain(name));
  }
  if (report.at("nodeID").needs(nodeID) && nodeID.length > LONGEST_NODE_ID)
    report.at("nodeID").invalid(nodeID, `must be ${LONGEST_NODE_ID} characters or less`);
  report.at("allocatable", "count").notNegative(allocatable?.count);
  const seen = new Set<string>();
  for (const key of topologyKeys ?? []) {
    report.needs(key);
    if (seen.has(key)) report.duplicate(key);
    seen.add(key);
    report.invalidFor(key, labelKey(key));
  }
}

/** A driver that stays on a node may only change how many volumes it can attach. */
function checkSameDriver(driver: CSINodeDriver, before: readonly CSINodeDriver[], report: Report): void {
  const old = before.find(({ name }) => name === driver.name);
  if (!old || deepEqual({ ...driver, allocatable: null }, { ...old, allocatable: null })) return;
  const { name, nodeID, topologyKeys } = driver;
  const shown = { Name: name, NodeID: nodeID, TopologyKeys: topologyKeys ?? null, Allocatable: null };
  report.invalid(shown, "field is immutable");
}

export const capacityStrategy: Strategy = {
  validate: (draft, current) =>
    violations((report) => {
      const { nodeTopology, storageClassName = "", capacity } = draftOf<CSIStorageCapacity>(draft);
      checkSelector(nodeTopology, report.at("nodeTopology"));
      report.at("storageClassName").invalidFor(storageClassName, dnsSubdomain(storageClassName));
      if (capacity !== undefined && (parseQuantity(capacity)?.nanos ?? 0n) < 0n)
        report.at("capacity").invalid(capacity, "must be greater than or equal to 0");
      if (!current) return;
      const before = draftOf<CSIStorageCapacity>(current);
      checkKept(nodeTopology, before.nodeTopology, report.at("nodeTopology"));
      checkKept(storageClassName, before.storageClassName, report.at("storageClassName"));
    }),
};
