// Takes core's questions about people and answers each, by the first server that can be asked.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault, reportFault, type Fault } from "../../../drivers/contract/fault.ts";
import type { plantConduit } from "../../conduit/plant.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { DirectorySettings } from "../../config/plant-section.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
import { askDirectory, type DirectoryVerdict } from "./ask-directory.ts";

export interface DirectoryDesk {
  readonly directory: DirectorySettings;
  readonly secrets: Readonly<Record<string, string>>;
  readonly core: ConduitClient<typeof plantConduit>;
  readonly clock: Clock;
  readonly log: Log;
}

const QUESTIONS_WAIT_MS = 30_000;

type Question = ReplyOf<typeof plantConduit.questions>["questions"][number];

/** Until the signal aborts; then resolves when what runs has ended. */
export async function answerQuestions(desk: DirectoryDesk, signal: AbortSignal): Promise<void> {
  const running = new Set<Promise<void>>();
  try {
    for (;;) {
      const { questions } = await desk.core.call("questions", { waitMs: QUESTIONS_WAIT_MS }, signal);
      for (const question of questions) {
        const answering: Promise<void> = answer(desk, question, signal).finally(() => running.delete(answering));
        running.add(answering);
      }
    }
  } catch (error) {
    if (!isFault(error, "CANCELLED")) throw error;
  } finally {
    await Promise.all(running);
  }
}

async function answer(desk: DirectoryDesk, { id, user, password }: Question, signal: AbortSignal): Promise<void> {
  const { core, log } = desk;
  const verdict = await ask(desk, user, password);
  if (isFault(verdict)) log.warn({ fault: verdict }, "the directory cannot be asked");
  const reply: InputOf<typeof plantConduit.answer> = isFault(verdict)
    ? { id, outcome: "fault", fault: reportFault(verdict) }
    : verdict.outcome === "refused"
      ? { id, outcome: "refused" }
      : { id, outcome: "known", displayName: verdict.displayName, email: verdict.email, groups: [...verdict.groups] };
  const standing: InputOf<typeof plantConduit.standing> = isFault(verdict) ? { of: "directory", state: "lost", fault: reportFault(verdict) } : { of: "directory", state: "idle" };
  await Promise.all([core.call("answer", reply, signal), core.call("standing", standing, signal)]).catch((error: unknown) => {
    if (!signal.aborted) log.warn({ fault: asFault(error) }, "core does not take an answer of the directory");
  });
}

async function ask({ directory, secrets }: DirectoryDesk, user: string, password: string): Promise<DirectoryVerdict | Fault> {
  let last: Fault | undefined;
  for (const server of directory.servers) {
    try {
      return await askDirectory({ directory, secrets, server, user, password });
    } catch (error) {
      last = asFault(error, server);
    }
  }
  return last ?? asFault(new Error("no server is configured"));
}
