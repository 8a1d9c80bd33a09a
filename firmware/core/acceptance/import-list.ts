// Takes a list that people keep into the register: all of it or nothing.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { AssetLine } from "../../conduit/assets.ts";
import type { ReplyOf } from "../../conduit/route.ts";
import type { localConduit } from "../../conduit/local.ts";
import type { Actor } from "../accounts/actor.ts";
import type { CoreParts } from "../parts.ts";
import { storageFault } from "../storage/open-database.ts";
import { countRead, MOST_MACHINES } from "./bounds.ts";
import { readAt } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { planLine } from "./import-line.ts";

type Imported = ReplyOf<typeof localConduit.importAssets>;

/** With those of found machines; a list beyond it is no list of one gateway. */
const MOST_NAMED = 5000;
const MOST_PROBLEMS = 2000;
/** About as long as any other commit: each is checked once more before it is written. */
const LINES_PER_COMMIT = 20;

/**
 * Checked line by line in as many turns as it takes, then written in portions. Throws STORAGE_FULL, and STORAGE_BUSY where the register changed meanwhile:
 * what was written is taken back then. A crash in between leaves the first portions: importing again brings the rest.
 */
export async function importLines(core: CoreParts, { lines, dryRun }: { readonly lines: readonly AssetLine[]; readonly dryRun: boolean }, actor: Actor): Promise<Imported> {
  const { reply, changing } = await check(core, lines);
  if (dryRun || changing.length === 0) return reply;
  await write(core, changing, actor);
  core.trail.record({ actor, action: "assets.imported", target: "register", result: "done", detail: { added: reply.added, changed: reply.changed } });
  core.acceptance.changed();
  await core.acceptance.announce();
  return reply;
}

interface Checked {
  readonly reply: Imported;
  /** Empty where there is a problem. */
  readonly changing: readonly AssetLine[];
}

async function check(core: CoreParts, lines: readonly AssetLine[]): Promise<Checked> {
  const { acceptance, turns } = core;
  const reply: Imported = { added: 0, changed: 0, same: 0, problems: [] };
  const changing: AssetLine[] = [];
  const seen = { name: new Map<string, number>(), url: new Map<string, number>(), id: new Map<string, number>() };
  let read = countRead(acceptance.entries, acceptance.configured);
  let named = [...acceptance.entries.all()].filter(({ name }) => name !== null).length;
  await turns.each(lines.entries(), ([index, line]) => {
    const tell = (field: string | null, message: string): void => void (reply.problems.length < MOST_PROBLEMS && reply.problems.push({ line: index, field, message: message.slice(0, 1024) }));
    const { entry, isNew, isSame, problems } = planLine(acceptance, line, acceptance.entries.number());
    for (const { field, message } of problems) tell(field, message);
    for (const [kind, value] of [["name", line.name], ["url", entry?.judged?.url ?? null], ["id", entry?.judged?.id ?? null]] as const) {
      if (value === null) continue;
      const key = kind === "url" ? acceptance.configured.placeOf(value, entry?.judged?.segment) : value;
      const first = seen[kind].get(key);
      if (first === undefined) seen[kind].set(key, index);
      else tell(kind === "id" ? "serialNumber" : kind, `the list has ${value} twice: here and as its line ${first + 1}.`);
    }
    if (isSame) reply.same += 1;
    else if (isNew) reply.added += 1;
    else reply.changed += 1;
    if (!isSame) changing.push(line);
    if (isNew) named += 1;
    if (isNew && entry !== undefined && readAt(entry) !== null) read += 1;
    if (named === MOST_NAMED + 1) tell(null, `the register holds ${MOST_NAMED} named machines at most.`);
    if (isNew && read === MOST_MACHINES + 1) tell("url", `the gateway reads ${MOST_MACHINES} machines at most.`);
  });
  return reply.problems.length > 0 ? { reply: { ...reply, added: 0, changed: 0, same: 0 }, changing: [] } : { reply, changing };
}

async function write({ acceptance, writeTurn }: CoreParts, lines: readonly AssetLine[], actor: Actor): Promise<void> {
  const { entries } = acceptance;
  const undo: (() => void)[] = [];
  try {
    for (let from = 0; from < lines.length; from += LINES_PER_COMMIT) {
      await writeTurn();
      let number = entries.number();
      const next = lines.slice(from, from + LINES_PER_COMMIT).map((line): Entry => {
        const { entry } = planLine(acceptance, line, number);
        if (entry === undefined) throw new Fault("STORAGE_BUSY", `the register changed while the list was taken: ${line.name}`, { remedy: "Import it again." });
        if (entry.number === number) number += 1;
        return entry;
      });
      const before = next.map((entry) => entries.get(entry.number));
      entries.putNow(next.map((entry) => ({ entry, events: [acceptance.event("imported", actor.name, wordsOf(entry))] })));
      for (const [index, entry] of next.entries()) {
        const former = before[index];
        undo.push(() => (former === undefined ? acceptance.forget(entry.number) : void entries.put(former)));
      }
    }
  } catch (error) {
    for (const back of undo.toReversed()) back();
    throw storageFault(error, "state.db");
  }
}

function wordsOf(entry: Entry): string {
  const { note } = entry;
  const url = readAt(entry);
  return `${url === null ? "An entry that is not read" : `At ${url}`}${note === null ? "." : `. ${note}`}`;
}
