// A real core with people who are logged in over the admin conduit, as the zone that serves the page speaks it.

import { randomUUID } from "node:crypto";
import { Fault, isFault, type FaultCode } from "../../../../drivers/contract/fault.ts";
import type { AuditRecord } from "../../../../firmware/conduit/audit.ts";
import type { Role } from "../../../../firmware/conduit/accounts.ts";
import { adminConduit } from "../../../../firmware/conduit/admin.ts";
import type { InputOf, ReplyOf } from "../../../../firmware/conduit/route.ts";
import { openConduit } from "../../../../firmware/runtime/conduit-client.ts";
import type { ConduitClient } from "../../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import type { Defer } from "../../../support/suite.ts";
import { configure, startCore } from "../running-core.ts";
import type { RunningCore } from "../running-core.ts";

export type AdminName = keyof typeof adminConduit;

export interface PeopleCore {
  readonly core: RunningCore;
  readonly admin: ConduitClient<typeof adminConduit>;
  /** The reply, for this session or token. */
  ask<Name extends AdminName>(name: Name, input: InputOf<(typeof adminConduit)[Name]>, bearer?: string): Promise<ReplyOf<(typeof adminConduit)[Name]>>;
  /** The code of the fault that it ends in; undefined where it is done. */
  refusal<Name extends AdminName>(name: Name, input: InputOf<(typeof adminConduit)[Name]>, bearer?: string): Promise<FaultCode | undefined>;
  /** A new account that has changed its first password and is logged in; its session. */
  enter(name: string, role: Role): Promise<string>;
  /** Another session of it. */
  login(name: string): Promise<string>;
  /** Moves the gateway's running time on: sessions grow old by it, nothing else. */
  age(ms: number): void;
  /** Core's process ends and comes again on the same files. */
  restart(): Promise<PeopleCore>;
  /** All entries of the audit log, oldest first. */
  audit(): Promise<readonly AuditRecord[]>;
}

export const SOURCE = "192.0.2.77";
const PASSWORD = "violet harvest canyon";
/** Second factors are shown elsewhere. */
const ACCOUNTS = "accounts:\n  secondFactor: []\n";

export interface StartPeopleOptions {
  /** More sections of the configuration. */
  readonly more?: string;
  /** Where core ran before. */
  readonly before?: { readonly dataDir: string; readonly aged: { ms: number } };
}

export async function startPeople(defer: Defer, signal: AbortSignal, { before, more = "" }: StartPeopleOptions = {}): Promise<PeopleCore> {
  const aged = before?.aged ?? { ms: 0 };
  const clock = { ...systemClock, boot: () => ({ id: systemClock.boot().id, ms: systemClock.boot().ms + aged.ms }) };
  const core = await startCore(defer, configure({}, ACCOUNTS + more), { clock, ...(before === undefined ? {} : { dataDir: before.dataDir }) });
  const admin = openConduit(adminConduit, { socket: conduitSocket(core.dataDir, "admin"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(() => admin.close());
  const ask: PeopleCore["ask"] = (name, input, bearer) => admin.call(name, input, signal, { bearer, source: SOURCE });
  const login = async (name: string, password = PASSWORD): Promise<string> => {
    const opened = await ask("login", { user: name, password });
    if (opened.outcome !== "session") throw new Error(`${name} is asked for a code`);
    return opened.session;
  };
  return {
    core,
    admin,
    ask,
    login,
    refusal: (name, input, bearer) => ask(name, input, bearer).then(() => undefined, codeOf),
    enter: async (name, role) => {
      const { temporaryPassword } = await core.local.call("createAccount", { name, role }, signal);
      const first = await login(name, temporaryPassword);
      return (await ask("changePassword", { current: temporaryPassword, next: PASSWORD }, first)).session;
    },
    age: (ms) => void (aged.ms += ms),
    restart: async () => {
      await core.stop();
      return startPeople(defer, signal, { more, before: { dataDir: core.dataDir, aged } });
    },
    audit: async () => (await core.local.call("audit", { limit: 500 }, signal)).records.toReversed(),
  };
}

function codeOf(error: unknown): FaultCode {
  if (!isFault(error)) throw new Fault("DEFECT", "a call failed without a fault", { cause: error });
  return error.code;
}
