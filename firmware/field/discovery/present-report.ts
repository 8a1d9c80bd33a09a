// From a target and what its inspections showed to what core is told: what is asked of it, and the report in the words of the conduit.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Announcement } from "../../../drivers/contract/driver.ts";
import { reportFault, type Fault, type FaultReport } from "../../../drivers/contract/fault.ts";
import type { PresentReport } from "../../conduit/source.ts";
import { hasTypes } from "../../protocol/ws-discovery/match.ts";
import { VOCABULARIES, WSD_VERSIONS } from "../../protocol/ws-discovery/vocabulary.ts";
import { chooseUrl, refuseUrls, type UrlBounds } from "./announced-url.ts";
import type { FoundTarget } from "./found-targets.ts";
import { inspectDevice, inspectMachine, type Shown } from "./inspect-target.ts";
import type { Subject } from "./inspections.ts";

/** Which driver's machines announce what. Made where the drivers are known. */
export type AnnouncementTable = readonly { readonly driver: string; readonly announcement: Announcement }[];

export interface InspectionPlan {
  readonly driver: string | undefined;
  readonly url: string | undefined;
  readonly subjects: readonly Subject[];
  /** None of its addresses may be connected to. */
  readonly refused: Fault | undefined;
}

/** What a target of that kind is asked, and where. Connects to nothing yet. */
export function planInspection(target: FoundTarget, bounds: UrlBounds, { table, clock }: { readonly table: AnnouncementTable; readonly clock: Clock }): InspectionPlan {
  const match = table.find(({ announcement }) => announcement.types.length > 0 && hasTypes(target, announcement.types));
  const isDevice = WSD_VERSIONS.some((version) => hasTypes(target, [{ namespace: VOCABULARIES[version].dpws, name: "Device" }]));
  const url = match === undefined ? undefined : chooseUrl(target.xaddrs, bounds);
  const deviceUrl = isDevice ? chooseUrl(target.xaddrs, bounds, ["http:"]) : undefined;
  const subjects: Subject[] = [];
  if (match !== undefined && url !== undefined) {
    subjects.push({ key: `${match.driver} ${url.href}`, url: url.href, host: url.hostname, ask: (signal) => inspectMachine(url, match.announcement, clock, signal) });
  }
  // A machine that says more by its own interface is not asked twice.
  if (deviceUrl !== undefined && url === undefined) {
    const asked = { ...target, xaddrs: [deviceUrl.href] };
    subjects.push({ key: `device ${deviceUrl.href} ${target.endpoint}`, url: deviceUrl.href, host: deviceUrl.hostname, ask: (signal) => inspectDevice(asked, bounds.subnets, clock, signal) });
  }
  const isRefused = subjects.length === 0 && (match !== undefined || (isDevice && target.xaddrs.length > 0));
  return { driver: match?.driver, url: url?.href, subjects, refused: isRefused ? refuseUrls(target.xaddrs, target.address) : undefined };
}

export function writeReport({ endpoint, address, types, scopes, metadataVersion }: FoundTarget, { driver, url, refused }: InspectionPlan, shown: readonly Shown[]): PresentReport {
  const fault = refused ?? shown.find((one) => one.fault !== undefined)?.fault;
  const nameplate = shown.find((one) => one.nameplate !== undefined)?.nameplate;
  const device = shown.find((one) => one.device !== undefined)?.device;
  const certificates = shown.find((one) => one.certificates !== undefined)?.certificates;
  return {
    kind: "present",
    endpoint,
    address,
    types: types.map(({ namespace, name }) => `{${namespace}}${name}`).filter(isShort),
    scopes: scopes.filter(isShort),
    metadataVersion,
    ...(driver === undefined ? {} : { driver }),
    ...(url === undefined ? {} : { url }),
    ...(nameplate === undefined ? {} : { nameplate }),
    ...(device === undefined ? {} : { device }),
    ...(certificates === undefined ? {} : { certificates: [...certificates] }),
    ...(fault === undefined ? {} : { fault: cut(reportFault(fault)) }),
  };
}

/** What the conduit takes of one. */
function isShort(text: string): boolean {
  return text.length <= 512;
}

function cut(report: FaultReport): FaultReport {
  const { where, remedy } = report;
  return { ...report, message: report.message.slice(0, 2048), ...(where === undefined ? {} : { where: where.slice(0, 1024) }), ...(remedy === undefined ? {} : { remedy: remedy.slice(0, 1024) }) };
}
