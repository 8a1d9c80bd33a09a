// The part of the people's conduits that is about the configuration's text.

import Type from "typebox";
import { get, post } from "./route.ts";
import { NothingSchema } from "./shared.ts";
import { closed, orNull, text } from "./words.ts";

/** A little more than the file may have (1 MiB), so that what is too long is refused with words of its own. */
const MAX_TEXT = 1_250_000;
const ProblemSchema = closed({ line: Type.Integer(), column: Type.Integer(), path: text(1024), message: text(2048), remedy: orNull(text(1024)) });

export const configurationRoutes = {
  /** The file as it stands, comments and all. `digest` names this text. */
  configuration: get("/v1/configuration", { input: NothingSchema, reply: closed({ text: Type.String(), digest: text(64), file: text(4096) }) }),
  /** What it would change, setting by setting, and what is wrong with it. Changes nothing. */
  checkConfiguration: post("/v1/configuration/check", {
    input: closed({ text: Type.String({ maxLength: MAX_TEXT }) }),
    reply: closed({ problems: Type.Array(ProblemSchema, { maxItems: 200 }), changes: Type.Array(text(1024), { maxItems: 500 }) }),
    bodyLimit: 2 * MAX_TEXT,
  }),
  /** Writes the file and applies it. CHANGED_MEANWHILE where the file is not the one with `basedOn` any more; CONFIG_INVALID with the lines. */
  setConfiguration: post("/v1/configuration/set", {
    input: closed({ text: Type.String({ maxLength: MAX_TEXT }), basedOn: text(64) }),
    reply: closed({ applied: Type.Array(Type.String()), needsRestart: Type.Array(Type.String()), digest: text(64) }),
    bodyLimit: 2 * MAX_TEXT,
  }),
  /** Reads the file again; the answer says what was applied and what needs a restart. Faults are INPUT_INVALID with the lines. */
  reload: post("/v1/reload", { input: NothingSchema, reply: closed({ applied: Type.Array(Type.String()), needsRestart: Type.Array(Type.String()) }) }),
} as const;
