// Runs the zones as processes: starts them in order, restarts what dies, stops them in reverse within a deadline.

import type { Clock } from "../../drivers/contract/clock.ts";
import { Fault } from "../../drivers/contract/fault.ts";
import { makeBackoff } from "./backoff.ts";
import type { Log } from "./journal.ts";
import { CONFIG_EXIT, startZone } from "./zone-child.ts";
import type { ChildSpec, Exit, ZoneChild } from "./zone-child.ts";

export interface ZoneStanding {
  /** `waiting` to be started again after an end that nobody asked for; `blocked` by what `words` say; `idle` while the configuration does not need it. */
  readonly state: "starting" | "running" | "waiting" | "blocked" | "idle" | "stopping" | "stopped";
  readonly restarts: number;
  readonly pid?: number;
  readonly words?: string;
}

export type ZoneStandings = Readonly<Record<string, ZoneStanding>>;

export interface SuperviseOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** From the abort until every process is gone; 4,500 unless said, which leaves the supervisor itself half a second of its five. */
  readonly stopMs?: number;
  /** How long a zone may take until it is ready before it is killed and started again; 60,000 unless said. */
  readonly readyMs?: number;
  /** How long a zone's event loop may stand still before it is killed and started again; 30,000 unless said. */
  readonly silentMs?: number;
  /** Where the zones' output goes; this process's own unless said. */
  readonly outputFd?: number;
  /** Called at each change with how all zones stand. */
  readonly onChange?: (zones: ZoneStandings) => void;
}

/** After these delays a zone that ends by itself is started again; one that was ready for two seconds begins anew. */
const RESTART = { firstMs: 50, maxMs: 30_000, stableMs: 2000 };
/** One that was ready and is killed from outside (kill -9, a fault in a native library) is back within two seconds however often it happens. */
const RESTART_KILLED = { firstMs: 50, maxMs: 500, stableMs: 2000 };

/** Zones that start together; what only the zones before can tell is found out when these are ready. It must not reject. */
export type Stage = readonly ChildSpec[] | ((signal: AbortSignal) => Promise<readonly ChildSpec[]>);

/** How soon it is noticed that what a zone needs is there. */
const LOOK_BLOCKED_MS = 2000;
/** How soon a zone that the configuration needs now is started. */
const LOOK_WANTED_MS = 500;

/**
 * Starts the stages one after the other, each when every zone of the one before is ready, and keeps all running until the signal
 * aborts; resolves when all processes are gone. A zone that never ran and ends with code 2 is not tried again: everything stops
 * and CONFIG_INVALID is thrown.
 */
export async function supervise(stages: readonly Stage[], options: SuperviseOptions, signal: AbortSignal): Promise<void> {
  const failure = new AbortController();
  const board = makeBoard(stages.flatMap((stage) => (typeof stage === "function" ? [] : stage)), options);
  const started: Keeper[][] = [];
  const anyStop = AbortSignal.any([signal, failure.signal]);
  for (const stage of stages) {
    const specs = typeof stage === "function" ? await stage(anyStop) : stage;
    if (anyStop.aborted) break;
    const keepers = specs.map((spec) => keep(spec, board, options, (fault) => failure.abort(fault)));
    started.push(keepers);
    await orAborted(Promise.all(keepers.map((keeper) => keeper.ready)), anyStop);
    if (anyStop.aborted) break;
  }
  if (!anyStop.aborted) options.log.info({}, "all zones run");
  await orAborted(new Promise<void>(() => undefined), anyStop);
  await stopInReverse(started, options);
  if (failure.signal.aborted) throw failure.signal.reason;
}

/** What keeps one zone running. */
interface Keeper {
  /** Resolves when the zone was ready for the first time. */
  readonly ready: Promise<void>;
  /** No restart from now on, and SIGTERM. Resolves when the process is gone. */
  stop(): Promise<void>;
  kill(): void;
}

function keep(spec: ChildSpec, board: Board, options: SuperviseOptions, giveUp: (fault: Fault) => void): Keeper {
  const stopping = new AbortController();
  const { promise: ready, resolve: wasReady } = Promise.withResolvers<void>();
  const room: Room = { spec, board, goOn: wasReady, options, signal: stopping.signal };
  let child: ZoneChild | undefined;
  const loop = async (): Promise<void> => {
    const backoff = { ended: makeBackoff(RESTART), killed: makeBackoff(RESTART_KILLED) };
    let hasRun = false;
    for (let restarts = 0; !stopping.signal.aborted; restarts += 1) {
      const stay = await stayOnce(room, restarts, (started) => (child = started));
      if (stay === undefined || stopping.signal.aborted) return;
      hasRun ||= stay.readyForMs > 0;
      if (stay.exit.code === 0 && spec.isWanted?.() === false) {
        restarts -= 1;
        continue;
      }
      if (!hasRun && stay.exit.code === CONFIG_EXIT) return giveUp(new Fault("CONFIG_INVALID", `the zone ${spec.name} cannot run with its configuration; its words are above`));
      const wasKilled = stay.exit.signal !== null && stay.readyForMs > 0;
      const delayMs = backoff[wasKilled ? "killed" : "ended"].nextMs(stay.readyForMs);
      options.log.error({ zone: spec.name, ...stay.exit, delayMs: Math.round(delayMs), restarts }, "a zone ended by itself and is started again");
      board.set(spec.name, { state: "waiting", restarts });
      await options.clock.sleep(delayMs, stopping.signal).catch(() => undefined);
    }
  };
  const ended = loop().finally(() => board.set(spec.name, { ...board.get(spec.name), state: "stopped" }));
  return {
    ready,
    kill: () => child?.kill("SIGKILL"),
    stop: () => {
      stopping.abort();
      board.set(spec.name, { ...board.get(spec.name), state: "stopping" });
      child?.kill("SIGTERM");
      return ended;
    },
  };
}

interface Room extends Candidate {
  readonly options: SuperviseOptions;
  readonly signal: AbortSignal;
}

/** One process of the zone, from its start to its end; undefined where none was started any more. */
async function stayOnce(room: Room, restarts: number, onStart: (child: ZoneChild) => void): Promise<Stay | undefined> {
  const { spec, board, goOn, options, signal } = room;
  await untilWanted(room, options, signal);
  if (!(await mayStart(room, options, signal))) return undefined;
  const child = startZone(spec, options.outputFd);
  onStart(child);
  const note = (state: ZoneStanding["state"]): void => board.set(spec.name, { state, restarts, ...(child.pid === undefined ? {} : { pid: child.pid }) });
  note("starting");
  return watch(child, options, () => {
    note("running");
    goOn();
  });
}

interface Candidate {
  readonly spec: ChildSpec;
  readonly board: Board;
  goOn(): void;
}

/** Resolves when the configuration needs the zone, or when the signal aborts. What waits for the zone goes on without it. */
async function untilWanted({ spec, board, goOn }: Candidate, { clock, log }: SuperviseOptions, signal: AbortSignal): Promise<void> {
  if (spec.isWanted?.() !== false) return;
  log.info({ zone: spec.name }, "the configuration does not need the zone");
  board.set(spec.name, { state: "idle", restarts: board.get(spec.name).restarts });
  goOn();
  while (!spec.isWanted() && !signal.aborted) await clock.sleep(LOOK_WANTED_MS, signal).catch(() => undefined);
}

/** Resolves when nothing is in the way of the zone any more, with false when the signal aborts before. What waits for the zone goes on without it. */
async function mayStart({ spec, board, goOn }: Candidate, { clock, log }: SuperviseOptions, signal: AbortSignal): Promise<boolean> {
  let words: string | undefined;
  for (let found = spec.obstacle?.(); found !== undefined && !signal.aborted; found = spec.obstacle?.()) {
    if (found.toString() !== words) {
      words = found.toString();
      log.error({ zone: spec.name, fault: found }, "a zone cannot be started");
      board.set(spec.name, { ...board.get(spec.name), state: "blocked", words });
      goOn();
    }
    await clock.sleep(LOOK_BLOCKED_MS, signal).catch(() => undefined);
  }
  return !signal.aborted;
}

interface Stay {
  readonly exit: Exit;
  /** From ready until its end; 0 where it never was. */
  readonly readyForMs: number;
}

/** Resolves when the process is gone; kills it when it is not ready in time or falls silent. */
async function watch(child: ZoneChild, options: SuperviseOptions, onReady: () => void): Promise<Stay> {
  const { clock, readyMs = 60_000 } = options;
  let readyAtMs: number | undefined;
  let cancelLimit = clock.after(readyMs, () => child.kill("SIGKILL"));
  const noteReady = async (): Promise<void> => {
    await child.ready;
    cancelLimit();
    cancelLimit = killWhenSilent(child, options);
    readyAtMs = clock.uptimeMs();
    onReady();
  };
  void noteReady();
  const exit = await child.exited;
  cancelLimit();
  return { exit, readyForMs: readyAtMs === undefined ? 0 : clock.uptimeMs() - readyAtMs };
}

/** Looks are counted instead of the time: a supervisor that stood still itself kills nobody for it. Returns how to end it. */
function killWhenSilent(child: ZoneChild, { clock, log, silentMs = 30_000 }: SuperviseOptions): () => void {
  const looks = 3;
  let silent = 0;
  let cancel = (): void => undefined;
  child.onBeat(() => (silent = 0));
  const look = (): void => {
    silent += 1;
    if (silent <= looks) cancel = clock.after(silentMs / looks, look);
    else {
      log.error({ pid: child.pid }, "a zone's event loop stands still: it is killed");
      child.kill("SIGKILL");
    }
  };
  look();
  return () => cancel();
}

/** The last stage first; each has its share of what is left of the time, so that one that hangs takes none from the others. */
async function stopInReverse(started: readonly (readonly Keeper[])[], options: SuperviseOptions): Promise<void> {
  const { clock, stopMs = 4500 } = options;
  const endMs = clock.uptimeMs() + stopMs;
  for (const [index, stage] of [...started.entries()].toReversed()) {
    const shareMs = (endMs - clock.uptimeMs()) / (index + 1);
    const cancel = clock.after(shareMs, () => {
      for (const keeper of stage) keeper.kill();
    });
    await Promise.all(stage.map((keeper) => keeper.stop()));
    cancel();
  }
}

/** How all zones stand, told at each change. */
interface Board {
  get(name: string): ZoneStanding;
  set(name: string, standing: ZoneStanding): void;
}

function makeBoard(specs: readonly ChildSpec[], options: SuperviseOptions): Board {
  const first: ZoneStanding = { state: "waiting", restarts: 0 };
  const zones = new Map<string, ZoneStanding>(specs.map((spec) => [spec.name, first]));
  return {
    get: (name) => zones.get(name) ?? first,
    set: (name, standing) => {
      zones.set(name, standing);
      options.onChange?.(Object.fromEntries(zones));
    },
  };
}

/** Resolves with the promise or the abort, whichever is first. */
async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  signal.addEventListener("abort", stop, { once: true });
  await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", stop);
}
