// Core's side of the plant conduit: what is to be dialled, the directory's questions, and the audit log for the collector.

import type { plantConduit } from "../../conduit/plant.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";

export const PLANT = "plant";
/** Subjects of the conditions. */
export const DIRECTORY = "plant.directory";
export const SYSLOG = "plant.syslog";

export function makePlantHandlers(core: CoreParts): Handlers<typeof plantConduit> {
  const { auditFeed, configuration, directory, gateway, revisions, secrets, version, zones } = core;
  return {
    settings: async ({ after, waitMs }, { signal }) => {
      await revisions.plant.wait(after, waitMs, signal);
      const { log, plant } = configuration.current;
      return { revision: revisions.plant.value, logLevel: log.level, gateway, version, directory: plant?.directory ?? null, syslog: plant?.syslog ?? null, secrets: secrets.textsFor(plant) };
    },
    questions: async ({ waitMs }, { signal }) => ({ questions: [...(await directory.take(waitMs, signal))] }),
    answer: (answer) => {
      directory.answer(answer);
      return {};
    },
    auditRecords: async ({ limit, waitMs }, { signal }) => ({ records: [...(await auditFeed.unsent(limit, waitMs, signal))] }),
    auditSent: ({ number }) => {
      auditFeed.sent(number);
      return {};
    },
    standing: ({ of, state, fault }) => {
      const [code, subject] = of === "directory" ? (["DIRECTORY_LOST", DIRECTORY] as const) : (["SYSLOG_LOST", SYSLOG] as const);
      core.conditions.become([code], subject, state === "lost" ? { code, detail: [fault?.message, fault?.remedy].filter((words) => words !== undefined).join(". ") } : undefined);
      return {};
    },
    alive: (alive) => {
      zones.alive(PLANT, alive);
      return {};
    },
  };
}
