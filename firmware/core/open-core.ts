// Opens what core is made of, in the order in which the parts need each other, and closes it in reverse.

import { join } from "node:path";
import { asFault, isFault } from "../../drivers/contract/fault.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { Condition } from "../conduit/status.ts";
import { namespacesOf } from "../config/namespaces.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import type { ZoneContext } from "../runtime/service.ts";
import { tellWanted } from "../runtime/wanted-zones.ts";
import { Acceptance } from "./acceptance/acceptance.ts";
import { openPeople } from "./accounts/open-people.ts";
import { Directory } from "./accounts/directory.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { prepareAuditSchema } from "./audit/audit-schema.ts";
import type { AuditTrail } from "./audit/trail.ts";
import { CloudState } from "./cloud-state.ts";
import { ActiveConfiguration } from "./configuration/active-configuration.ts";
import { keepGatewayId } from "./configuration/gateway-id.ts";
import { applyMachines, withMachines } from "./configuration/machines.ts";
import { outboxLimitsOf } from "./configuration/outbox-limits.ts";
import { Detections } from "./detection/detections.ts";
import { LearnedSegments } from "./detection/learned.ts";
import type { ConditionCode } from "./health/condition-codes.ts";
import { Conditions } from "./health/conditions.ts";
import { Fading } from "./health/fading.ts";
import { Zones } from "./health/zones.ts";
import { openHostLink } from "./host/host-link.ts";
import { SystemKeeper } from "./host/system-keeper.ts";
import { AssetRows } from "./inventory/asset-rows.ts";
import { LastValues } from "./inventory/last-values.ts";
import { Links } from "./inventory/links.ts";
import { Losses } from "./inventory/losses.ts";
import { Register } from "./inventory/register.ts";
import { Revision } from "./inventory/revision.ts";
import { PointLists } from "./inventory/point-lists.ts";
import { openKept, prepareStateSchema } from "./inventory/state-schema.ts";
import type { Kept } from "./inventory/state-schema.ts";
import { openOutbox } from "./outbox/outbox.ts";
import type { Outbox } from "./outbox/outbox.ts";
import type { CoreParts, Revisions } from "./parts.ts";
import { Page } from "./page/page.ts";
import { Enrolments } from "./pki/enrolments.ts";
import { Pki } from "./pki/pki.ts";
import { openDatabase } from "./storage/open-database.ts";
import type { OpenedDatabase } from "./storage/open-database.ts";
import { openTasks } from "./tasks/open-tasks.ts";
import { Turns } from "./turns.ts";
import { keyFile } from "./vault/key-file.ts";
import { openVault } from "./vault/open-vault.ts";
import type { OpenedVault } from "./vault/open-vault.ts";
import { Secrets } from "./vault/secrets.ts";

export interface OpenCore {
  readonly parts: CoreParts;
  /** Walks the audit log in portions and raises AUDIT_CHAIN_BROKEN; ends early when the signal aborts. */
  verifyAudit(signal: AbortSignal): Promise<void>;
  /** Copies the logs of state, audit and vault that are long enough. To be called again and again; rejects when the disk fails, which must end the process. */
  copyLogs(): Promise<void>;
  /** Commits what waits and closes everything. Called once. */
  close(): Promise<void>;
}

/** Throws a Fault only where a database can be neither opened nor begun anew; leaves nothing open then. */
export async function openCore(context: ZoneContext, signal: AbortSignal): Promise<OpenCore> {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      try {
        await closer();
      } catch (error) {
        context.log.warn({ fault: asFault(error) }, "a part of core did not close cleanly");
      }
    }
  };
  try {
    return await openParts(context, signal, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function openParts(context: ZoneContext, signal: AbortSignal, closers: (() => unknown)[], close: () => Promise<void>): Promise<OpenCore> {
  const { clock, log, dataDir, setLogLevel = () => undefined } = context;
  const turns = new Turns(clock);
  const { audit, auditLog, conditions, kept, state, trail, vault } = openStores(context, closers, turns);
  const writeTurn = (): Promise<void> => nextWriteTurn(state, turns);
  const configuration = await ActiveConfiguration.open({ file: context.configFile, clock, kept, conditions, trail, turns }, signal);
  const gateway = configuration.current.gateway.id ?? keepGatewayId(dataDir);
  const revisions: Revisions = { assignments: new Revision(clock), link: new Revision(clock), inventory: new Revision(clock), values: new Revision(clock), page: new Revision(clock), plant: new Revision(clock) };
  const register = new Register(new AssetRows(state.database), new PointLists(state.database), clock, revisions.inventory);
  const values = new LastValues(state.database, revisions.values);
  const links = new Links(state.database);
  closers.push(() => flushAll(links), () => flushAll(values));
  const outbox = await openOutboxOf(context, { configuration, kept, conditions, trail, turns });
  closers.push(() => outbox.close());
  const losses = new Losses({ clock, links, log, outbox, register, turns, values });
  const fading = new Fading(conditions, clock);
  const cloud = new CloudState(outbox, kept);
  const secrets = new Secrets(vault.vault, conditions, trail);
  const acceptance = new Acceptance({ database: state.database, clock, log: log.child("acceptance"), turns, conditions, fading, trail, secrets, configuration, register, links, losses });
  closers.push(() => flushAll(acceptance.entries));
  const pki = new Pki({ vault: vault.vault, enrolments: new Enrolments(state.database), clock, conditions, trail, revision: revisions.assignments, writeTurn, gateway, configuration: () => configuration.current });
  closers.push(() => pki.close());
  const page = new Page({ vault: vault.vault, clock, conditions, trail, revision: revisions.page, gateway, configuration: () => configuration.current });
  closers.push(() => page.close());
  const host = openHostLink({ socket: conduitSocket(dataDir, "host"), clock, epoch: context.epoch, log: log.child("host"), trail });
  closers.push(() => host.close());
  const zones = new Zones(clock, fading, () => host.isPresent(), namespacesOf(configuration.current));
  const system = new SystemKeeper({ host, clock, conditions, trail, kept, log: log.child("system"), zones, configuration: () => withMachines({ configuration, acceptance }) });
  const directory = new Directory(clock, () => configuration.current.plant?.directory);
  const people = openPeople({ database: state.database, vault: vault.vault, clock, trail, settings: () => configuration.current.accounts, directory });
  closers.push(() => people.accounts.close(), () => people.refusals.flush());
  const start = { recent: context.recent, startedMs: clock.uptimeMs(), isStateNew: state.isNew, version: packageJson.version, namespaces: namespacesOf(configuration.current) };
  const watch = { detections: new Detections(state.database, { clock, conditions, fading, trail }), segments: new LearnedSegments(state.database) };
  const tasks = openTasks({ database: state.database, dataDir, clock, log, trail, time: people.accounts.time, hasCloud: () => configuration.current.cloud !== undefined });
  const parts: CoreParts = { auditLog, auditFeed: auditLog.feed, tasks, ...watch, ...start, directory, tellWanted: (wanted) => tellWanted(dataDir, wanted), ...people, acceptance, clock, turns, writeTurn, log, setLogLevel, gateway, conditions, fading, trail, secrets, pki, page, configuration, register, links, values, losses, outbox, cloud, revisions, zones, host, system };
  acceptance.onChange(() => applyMachines(parts));
  return { parts, ...makeUpkeep({ audit, state, vault }, parts), close };
}

/** What core does with its own files beside its work. */
function makeUpkeep({ audit, state, vault }: Pick<Stores, "audit" | "state" | "vault">, { auditLog, turns }: CoreParts): Pick<OpenCore, "verifyAudit" | "copyLogs"> {
  return {
    verifyAudit: async (stop) => void (await auditLog.verify(stop)),
    copyLogs: async () => {
      for (const { log: own } of [state, audit, vault]) {
        if (!own.isDue) continue;
        await turns.next();
        await own.start("readers");
      }
    },
  };
}

interface Stores {
  readonly conditions: Conditions;
  readonly vault: OpenedVault;
  readonly audit: OpenedDatabase;
  readonly auditLog: AuditLog;
  readonly trail: AuditTrail;
  readonly state: OpenedDatabase;
  readonly kept: Kept;
}

/** The databases that core owns itself; what was set aside is told and recorded. */
function openStores(context: ZoneContext, closers: (() => unknown)[], turns: Turns): Stores {
  const { clock, dataDir, log } = context;
  const conditions = new Conditions(clock, logCondition(context));
  const vault = openVault(dataDir, keyFile(dataDir), clock);
  closers.push(() => vault.close());
  const audit = openDatabase(join(dataDir, "audit.db"), clock, prepareAuditSchema);
  closers.push(() => audit.log.closeDatabase());
  const state = openDatabase(join(dataDir, "state.db"), clock, prepareStateSchema);
  closers.push(() => state.log.closeDatabase());
  const kept = openKept(state.database);
  const auditLog = new AuditLog({ opened: audit, key: vault.auditKey, isKeyLasting: !isFault(vault.vault), clock, conditions, kept, turns, dataDir, log: log.child("audit") });
  closers.push(() => auditLog.close());
  const { trail } = auditLog;
  trail.record({ actor: "core", action: "core.started", target: "core", result: "done", detail: { version: packageJson.version } });
  noteSetAside(conditions, trail, { VAULT_SET_ASIDE: vault, AUDIT_SET_ASIDE: audit, STATE_SET_ASIDE: state });
  return { audit, auditLog, conditions, kept, state, trail, vault };
}

/** A copy of the log may have asked for its turn before. */
async function nextWriteTurn({ log }: OpenedDatabase, turns: Turns): Promise<void> {
  do {
    await log.settled;
    await turns.next();
  } while (log.isSyncing);
}

/** At the end everything may be written at once: no reader waits any more. Bounded all the same, so that the end comes in time. */
function flushAll(rows: { flush(): boolean }): void {
  for (let portion = 0; portion < 80 && rows.flush(); portion += 1);
}

function openOutboxOf({ clock, log, dataDir }: ZoneContext, { configuration, conditions, kept, trail, turns }: Pick<CoreParts, "configuration" | "conditions" | "trail" | "turns"> & { readonly kept: Kept }): Promise<Outbox> {
  const open = openOutbox({
    file: join(dataDir, "outbox.db"),
    clock,
    turns,
    log: log.child("outbox"),
    generation: kept.read("outbox-generation"),
    limits: outboxLimitsOf(configuration.current),
    report: {
      raise: (code, subject, detail) => {
        const isNew = !conditions.has(code, subject);
        conditions.raise(code, subject, detail);
        if (isNew && code === "OUTBOX_SET_ASIDE") trail.record({ actor: "core", action: "database.set-aside", target: subject, result: "done", detail: { words: detail } });
      },
      clear: (code, subject) => void conditions.clear(code, subject),
    },
    dropped: (event) => trail.recordDrop(event),
  });
  return open.then((outbox) => {
    kept.write("outbox-generation", outbox.generation);
    return outbox;
  });
}

function noteSetAside(conditions: Conditions, trail: AuditTrail, databases: Readonly<Partial<Record<ConditionCode, { readonly setAside?: OpenedDatabase["setAside"] }>>>): void {
  for (const [code, { setAside }] of Object.entries(databases) as [ConditionCode, { readonly setAside?: OpenedDatabase["setAside"] }][]) {
    if (setAside === undefined) continue;
    conditions.raise(code, setAside.path, `${setAside.reason}. The file is now ${setAside.path}.`);
    trail.record({ actor: "core", action: "database.set-aside", target: setAside.path, result: "done", detail: { reason: setAside.reason } });
  }
}

function logCondition({ log }: ZoneContext): (change: "raised" | "cleared", condition: Condition) => void {
  return (change, { code, subject, severity, cause }) => {
    if (change === "cleared") log.info({ condition: code, subject }, "a condition is over");
    else log[severity === "warning" ? "warn" : severity]({ condition: code, subject }, cause);
  };
}
