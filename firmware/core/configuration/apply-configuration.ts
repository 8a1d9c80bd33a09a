// Hands the configuration in force to the parts of core that depend on it.

import type { ConfigurationChange } from "../../config/compare.ts";
import { CLOUD } from "../cloud-state.ts";
import { CLOUD_LINK_CODES, CLOUD_NAME_CODES } from "../health/fault-conditions.ts";
import type { CoreParts } from "../parts.ts";
import { outboxLimitsOf } from "./outbox-limits.ts";
import { machinesOf, placeMachines } from "./machines.ts";
import { secretUsers } from "./placements.ts";

/**
 * What the configuration says goes to the parts; at start everything, later what has changed. Many machines take several turns of the event loop;
 * the zones are told of it at the end. One call after the other.
 */
export async function applyConfiguration(parts: CoreParts, change?: ConfigurationChange): Promise<void> {
  const { acceptance, cloud, conditions, configuration, outbox, revisions, secrets, turns } = parts;
  const { current } = configuration;
  parts.setLogLevel(current.log.level);
  outbox.setLimits(outboxLimitsOf(current));
  acceptance.configure();
  // No await before: the zones are never told of the new configuration with the former placements.
  await placeMachines(parts);
  if (current.cloud === undefined) {
    conditions.become(CLOUD_LINK_CODES, CLOUD);
    conditions.replaceAll("CLOUD_DOCUMENT_REFUSED", new Map());
  }
  await secrets.checkMissing(() => secretUsers(configuration.current, machinesOf(parts), turns), turns);
  await cloud.configure(current);
  await parts.pki.configure();
  await acceptance.judgeAnew();
  if (change === undefined) return;
  revisions.assignments.advance();
  revisions.inventory.advance();
  // Names are resolved anew by a link that has changed; what still holds comes back.
  if (change.applied.includes("cloud") || change.applied.includes("network")) for (const code of CLOUD_NAME_CODES) conditions.replaceAll(code, new Map());
  if (change.applied.some((part) => part === "cloud" || part === "network" || part === "log")) revisions.link.advance();
}
