// Brings the conditions of a machine or of the cloud in line with how its link stands.

import { ASSET_LINK_CODES, assetLinkCondition, CLOUD_LINK_CODES, cloudLinkCondition } from "../health/fault-conditions.ts";
import { CLOUD } from "../cloud-state.ts";
import type { CoreParts } from "../parts.ts";

/** After a report, and at start with what was kept: one that refused us is in the audit log once, not at each attempt. */
export function reviewLink(core: CoreParts, zone: string, assignment: string): void {
  const link = core.links.get(assignment);
  if (link === undefined) return;
  const raised = assetLinkCondition(link.state, link.fault);
  if (raised === "keep") return;
  const isNew = core.conditions.become(ASSET_LINK_CODES, assignment, raised);
  if (isNew && link.fault?.kind === "denied") core.trail.recordDenied(zone, assignment, link.fault);
}

export function reviewCloud(core: CoreParts): void {
  const report = core.cloud.report;
  if (report === undefined) return;
  const raised = cloudLinkCondition(report.state, report.fault);
  if (raised === "keep") return;
  const isNew = core.conditions.become(CLOUD_LINK_CODES, CLOUD, raised);
  if (isNew && report.fault?.kind === "denied") core.trail.recordDenied(CLOUD, report.peer ?? CLOUD, report.fault);
}
