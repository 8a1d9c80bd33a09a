// Hands the configuration in force to the parts of core that depend on it.

import { asFault } from "../../../drivers/contract/fault.ts";
import type { ConfigurationChange } from "../../config/compare.ts";
import { CLOUD } from "../cloud-state.ts";
import { DIRECTORY, SYSLOG } from "../conduits/plant-handlers.ts";
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
  applyPlant(parts);
  // Not waited for: only the zone that serves the page does. After it was told whether it is needed.
  void parts.page.configure();
  if (change === undefined) return;
  revisions.assignments.advance();
  revisions.inventory.advance();
  // Names are resolved anew by a link that has changed; what still holds comes back.
  if (change.applied.includes("cloud") || change.applied.includes("network")) for (const code of CLOUD_NAME_CODES) conditions.replaceAll(code, new Map());
  if (change.applied.some((part) => part === "cloud" || part === "network" || part === "log")) revisions.link.advance();
  if (change.applied.some((part) => part === "plant" || part === "log")) revisions.plant.advance();
}

/** Before the zone is told: it ends by itself, and nobody starts it again. */
function applyPlant({ conditions, configuration, log, tellWanted }: CoreParts): void {
  const { directory, syslog } = configuration.current.plant ?? {};
  if (directory === undefined) conditions.become(["DIRECTORY_LOST"], DIRECTORY);
  if (syslog === undefined) conditions.become(["SYSLOG_LOST"], SYSLOG);
  try {
    tellWanted({ admin: configuration.current.page.enabled, plant: directory !== undefined || syslog !== undefined });
  } catch (error) {
    log.error({ fault: asFault(error) }, "who starts the zones cannot be told which are needed");
  }
}
