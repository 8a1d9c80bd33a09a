// What stands at `/`: what this is, whom it is for, and where the API is described. Without a script, a style or a picture.

import type { FastifyInstance } from "fastify";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { PageSettings } from "../../conduit/admin.ts";
import { sendRefusal } from "../server/app.ts";
import type { RequestRates } from "../server/request-limits.ts";
import { DESCRIPTION_PATH, FRONT_PATH } from "./route-table.ts";
import { askerOf } from "./serve-table.ts";

export interface FrontPageParts {
  readonly rates: RequestRates;
  readonly settings: () => PageSettings;
  readonly clock: Pick<Clock, "now" | "timeQuality">;
}

/** A login banner of the plant comes before anything else [IEC 62443-4-2 CR 1.12]. */
export function serveFrontPage(app: FastifyInstance, { rates, settings, clock }: FrontPageParts): void {
  app.get(FRONT_PATH, (request, reply) => {
    const tooMuch = rates.find(askerOf(request), false);
    return tooMuch === undefined ? reply.type("text/html; charset=utf-8").send(writeFrontPage(settings().banner, clock)) : sendRefusal(reply, tooMuch);
  });
}

export function writeFrontPage(banner: string, clock: FrontPageParts["clock"]): string {
  const notice = banner.trim() === "" ? "" : `<p>${escapeHtml(banner).replaceAll("\n", "<br>")}</p>\n`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Weir</title></head>
<body>
<main>
<h1>Weir</h1>
${notice}<p>This is an industrial edge gateway. It is administered over its API, by those who have an account.</p>
<p>The gateway's clock: ${new Date(clock.now()).toISOString()} (${escapeHtml(clock.timeQuality())}). A code of a second factor is checked by it.</p>
<p><a href="${DESCRIPTION_PATH}">Description of the API (OpenAPI 3.1)</a></p>
</main>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
