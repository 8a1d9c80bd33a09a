// What core is made of once it is open: the parts that the conduits' handlers work on.

import type { Clock } from "../../drivers/contract/clock.ts";
import type { Log, LogLevel } from "../runtime/journal.ts";
import type { RecentLines } from "../runtime/recent-lines.ts";
import type { Wanted } from "../runtime/wanted-zones.ts";
import type { Acceptance } from "./acceptance/acceptance.ts";
import type { Directory } from "./accounts/directory.ts";
import type { People } from "./accounts/open-people.ts";
import type { AuditFeed } from "./audit/audit-feed.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { AuditTrail } from "./audit/trail.ts";
import type { ActiveConfiguration } from "./configuration/active-configuration.ts";
import type { CloudState } from "./cloud-state.ts";
import type { Detections } from "./detection/detections.ts";
import type { LearnedSegments } from "./detection/learned.ts";
import type { Conditions } from "./health/conditions.ts";
import type { Fading } from "./health/fading.ts";
import type { Zones } from "./health/zones.ts";
import type { HostLink } from "./host/host-link.ts";
import type { SystemKeeper } from "./host/system-keeper.ts";
import type { LastValues } from "./inventory/last-values.ts";
import type { Links } from "./inventory/links.ts";
import type { Losses } from "./inventory/losses.ts";
import type { Register } from "./inventory/register.ts";
import type { Revision } from "./inventory/revision.ts";
import type { Outbox } from "./outbox/outbox.ts";
import type { Page } from "./page/page.ts";
import type { Pki } from "./pki/pki.ts";
import type { Tasks } from "./tasks/tasks.ts";
import type { Turns } from "./turns.ts";
import type { Secrets } from "./vault/secrets.ts";

export interface CoreParts extends People {
  /** What was found or imported, and which of it is read. */
  readonly acceptance: Acceptance;
  readonly clock: Clock;
  /** What takes long works in these, so that nothing holds the event loop for longer than a commit. */
  readonly turns: Turns;
  /** Resolves in a turn in which much may be written to state.db: not while its file is being synced. */
  readonly writeTurn: () => Promise<void>;
  readonly log: Log;
  /** How much this process logs. */
  readonly setLogLevel: (level: LogLevel) => void;
  /** Which zones the configuration needs, told to who starts their processes. */
  readonly tellWanted: (wanted: Wanted) => void;
  readonly gateway: string;
  readonly version: string;
  readonly conditions: Conditions;
  readonly fading: Fading;
  readonly zones: Zones;
  readonly trail: AuditTrail;
  /** What is written through the trail: to be read, verified and kept. */
  readonly auditLog: AuditLog;
  /** What the plant's log collector has not got. */
  readonly auditFeed: AuditFeed;
  /** The plant's directory, where people with an account there are asked for. */
  readonly directory: Directory;
  readonly secrets: Secrets;
  /** The machine CA, and who may publish to the gateway. */
  readonly pki: Pki;
  /** The web page: where it is, and what certificate it shows. */
  readonly page: Page;
  readonly configuration: ActiveConfiguration;
  /** The network namespaces besides the gateway's own that the configuration named at the start; another set waits for a restart. */
  readonly namespaces: readonly string[];
  readonly register: Register;
  readonly links: Links;
  readonly values: LastValues;
  readonly losses: Losses;
  readonly outbox: Outbox;
  readonly cloud: CloudState;
  /** What changes the system; present on an appliance alone. */
  readonly host: HostLink;
  readonly detections: Detections;
  /** Whose addresses are known on each segment. */
  readonly segments: LearnedSegments;
  /** Firewall and network as configured. */
  readonly system: SystemKeeper;
  /** The last lines of core's own journal, where they are kept. */
  readonly recent: RecentLines | undefined;
  /** Everything that takes time or consent. */
  readonly tasks: Tasks;
  /** What long polls wait on. */
  readonly revisions: Revisions;
  /** True when state.db was begun anew, the first time or because it was lost or damaged: what the zones read now is unknown until it is identified again. */
  readonly isStateNew: boolean;
  /** The clock's uptime when core was opened. */
  readonly startedMs: number;
}

export interface Revisions {
  readonly assignments: Revision;
  readonly link: Revision;
  readonly inventory: Revision;
  readonly values: Revision;
  /** What the zone that serves the page is given. */
  readonly page: Revision;
  /** What the zone plant is to dial. */
  readonly plant: Revision;
}
