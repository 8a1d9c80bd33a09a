// Core's side of the configuration's text: read, check, replace.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { configurationRoutes } from "../../conduit/configuration.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import { checkApart, loadApart } from "../../config/inspect-apart.ts";
import type { Problem } from "../../config/problems.ts";
import { WrittenReply } from "../../runtime/conduit-server.ts";
import type { PersonCall } from "../accounts/actor.ts";
import { digestOf, readConfigurationText, writeConfigurationText } from "../configuration/configuration-file.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";

type SetOrder = InputOf<typeof configurationRoutes.setConfiguration>;
type SetReply = ReplyOf<typeof configurationRoutes.setConfiguration>;

/** Characters that are written as JSON in one turn. */
const PIECE = 65_536;

export function makeConfigurationHandlers(core: CoreParts): Pick<PeopleHandlers, "configuration" | "checkConfiguration" | "setConfiguration" | "reload"> {
  const { configuration } = core;
  return {
    configuration: (_, { signal }) => giveText(core, signal),
    checkConfiguration: async ({ text }, { signal }) => {
      const { problems, changes } = await checkApart(text, configuration.text, apart(core), signal);
      return { problems: problems.map(tellProblem), changes: changes.map((change) => change.slice(0, 1024)) };
    },
    setConfiguration: (order, call) => setText(core, order, call),
    reload: async (_, { actor, signal }) => {
      const { applied, needsRestart } = await configuration.reload(actor, signal);
      return { applied: [...applied], needsRestart: [...needsRestart] };
    },
  };
}

async function giveText({ configuration, turns }: CoreParts, signal: AbortSignal): Promise<WrittenReply<ReplyOf<typeof configurationRoutes.configuration>>> {
  const { file } = configuration;
  const { text, digest } = file === undefined ? { text: "", digest: digestOf(new Uint8Array(0)) } : await readConfigurationText(file, signal);
  const starts = Array.from({ length: Math.ceil(text.length / PIECE) }, (_, index) => index * PIECE);
  const pieces: string[] = [];
  // A pair of surrogates that is cut in two is written as two escapes, which are the pair again for whoever reads them.
  await turns.each(starts, (start) => void pieces.push(JSON.stringify(text.slice(start, start + PIECE)).slice(1, -1)));
  return new WrittenReply(`{"digest":"${digest}","file":${JSON.stringify(file ?? "")},"text":"`, ...pieces, '"}');
}

async function setText(core: CoreParts, { text, basedOn }: SetOrder, { actor, signal }: PersonCall): Promise<SetReply> {
  const { configuration, trail } = core;
  const { file } = configuration;
  if (file === undefined) throw new Fault("NOT_SUPPORTED", "this gateway was started without a configuration file", { remedy: "Start it with --config FILE." });
  await loadApart(text, file, apart(core), signal);
  const digest = digestOf(Buffer.from(text, "utf8"));
  const { applied, needsRestart } = await configuration.reload(actor, signal, async () => {
    await writeConfigurationText(file, text, basedOn, signal);
    trail.record({ actor, action: "configuration.written", target: file, result: "done", detail: { before: basedOn, after: digest } });
  });
  return { applied: [...applied], needsRestart: [...needsRestart], digest };
}

function apart({ clock, turns }: CoreParts): Parameters<typeof checkApart>[2] {
  return { clock, turn: () => turns.next() };
}

function tellProblem({ line, column, message, remedy, setting = "" }: Problem): { line: number; column: number; path: string; message: string; remedy: string | null } {
  return { line, column, path: setting.slice(0, 1024), message: message.slice(0, 2048), remedy: remedy?.slice(0, 1024) ?? null };
}
