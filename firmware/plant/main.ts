// The plant zone: fetches what core wants dialled on the plant's side, keeps it running, and ends when nothing is wanted any more.

import { plantConduit } from "../conduit/plant.ts";
import type { ReplyOf } from "../conduit/route.ts";
import { openConduit } from "../runtime/conduit-client.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import type { Service, ZoneContext } from "../runtime/service.ts";
import { tellAlive } from "../runtime/zone-alive.ts";
import { isFault } from "../../drivers/contract/fault.ts";
import { answerQuestions } from "./directory/answer-questions.ts";
import { sendAudit } from "./syslog/send-audit.ts";

const SETTINGS_WAIT_MS = 30_000;

export const plant: Service = { name: "plant", mayEnd: true, run };

export type PlantCore = ConduitClient<typeof plantConduit>;
type Settings = ReplyOf<typeof plantConduit.settings>;

async function run(context: ZoneContext, signal: AbortSignal): Promise<void> {
  const { clock, log, dataDir, epoch } = context;
  const core = openConduit(plantConduit, { socket: conduitSocket(dataDir, "plant"), clock, epoch, log });
  const ending = new AbortController();
  const anyEnd = AbortSignal.any([signal, ending.signal]);
  const alive = tellAlive((words, stop) => core.call("alive", words, stop), clock, anyEnd, context.recent);
  try {
    await follow(context, core, signal);
  } finally {
    ending.abort();
    await core.close();
    await alive;
  }
}

/** Runs what the settings ask for, anew where they change; resolves when the signal aborts or nothing is asked for. */
async function follow(context: ZoneContext, core: PlantCore, signal: AbortSignal): Promise<void> {
  let settings = await untilStopped(core.call("settings", { after: 0, waitMs: SETTINGS_WAIT_MS }, signal), signal);
  context.ready();
  while (settings !== undefined && (settings.directory !== null || settings.syslog !== null)) {
    context.setLogLevel?.(settings.logLevel);
    const change = new AbortController();
    const running = dial(context, core, settings, AbortSignal.any([signal, change.signal]));
    // A defect in what runs ends the zone, which is started anew; else it runs until the settings change.
    const changed = nextSettings(core, settings, signal);
    changed.catch(() => undefined);
    try {
      settings = await Promise.race([changed, running.then(() => changed)]);
    } finally {
      change.abort();
      await running;
    }
  }
}

async function dial(context: ZoneContext, core: PlantCore, { directory, gateway, secrets, syslog }: Settings, signal: AbortSignal): Promise<void> {
  const { clock, log } = context;
  await Promise.all([
    directory === null ? undefined : answerQuestions({ directory, secrets, core, clock, log: log.child("directory") }, signal),
    syslog === null ? undefined : sendAudit({ syslog, secrets, gateway, core, clock, log: log.child("syslog") }, signal),
  ]);
}

/** The next settings with another content; undefined when the signal aborts. */
async function nextSettings(core: PlantCore, present: Settings, signal: AbortSignal): Promise<Settings | undefined> {
  const content = ({ revision: _, ...rest }: Settings): string => JSON.stringify(rest);
  let { revision } = present;
  for (;;) {
    const next = await untilStopped(core.call("settings", { after: revision, waitMs: SETTINGS_WAIT_MS }, signal), signal);
    if (next === undefined || content(next) !== content(present)) return next;
    ({ revision } = next);
  }
}

async function untilStopped<Reply>(call: Promise<Reply>, signal: AbortSignal): Promise<Reply | undefined> {
  try {
    return await call;
  } catch (error) {
    if (signal.aborted && isFault(error, "CANCELLED")) return undefined;
    throw error;
  }
}
