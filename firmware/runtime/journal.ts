// The journal: JSON lines on standard output, from where systemd, a file or a terminal takes them.

import pino from "pino";
import type { DestinationStream, Logger } from "pino";
import type { DriverLog } from "../../drivers/contract/driver.ts";
import type { RecentLines } from "./recent-lines.ts";
import { redact, redactText } from "./redact.ts";

/** `error(fields, message)`: a Fault goes in as a field, usually `{ fault }`. */
export interface Log extends DriverLog {
  /** The same journal with `scope` lengthened: `field` becomes `field/press-3`. */
  child(scope: string): Log;
}

/** The journal of a whole process. */
export interface Journal extends Log {
  /** From now on, for all its scopes. */
  setLevel(level: LogLevel): void;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface JournalOptions {
  readonly scope: string;
  /** `info` unless said. */
  readonly level?: LogLevel;
  /** Standard output unless said. */
  readonly destination?: DestinationStream;
  /** Keeps the last lines beside, without those of level debug. */
  readonly recent?: RecentLines;
}

/** Writes synchronously, so that the last words of a dying process are kept. No secret field and no credential goes out. */
export function openJournal(options: JournalOptions): Journal {
  const { scope, level = "info", recent } = options;
  const output = options.destination ?? standardOutput();
  const destination = recent === undefined ? output : keepRecent(output, recent);
  const settings = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label: string) => ({ level: label }) } };
  const logger = pino(settings, destination);
  return { ...scoped(logger, scope), setLevel: (next) => void (logger.level = next) };
}

/** Each line begins with its level. */
function keepRecent(output: DestinationStream, recent: RecentLines): DestinationStream {
  return {
    write: (line) => {
      if (!line.startsWith('{"level":"debug"')) recent.add(line);
      output.write(line);
    },
  };
}

/** A reader that went away (a closed terminal) is no reason to stop. */
function standardOutput(): DestinationStream {
  const output = pino.destination({ fd: 1, sync: true });
  output.on("error", () => undefined);
  return output;
}

function scoped(logger: Logger, scope: string): Log {
  const write = (level: LogLevel) => (fields: object, message: string) => {
    if (!logger.isLevelEnabled(level)) return;
    const clean = redact(fields);
    logger[level]({ scope, ...(typeof clean === "object" ? clean : {}) }, redactText(message));
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), child: (name) => scoped(logger, `${scope}/${name}`) };
}

const ignore = (): void => undefined;

/** A log that keeps nothing, for commands that speak to a person and for tests. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silentLog };
