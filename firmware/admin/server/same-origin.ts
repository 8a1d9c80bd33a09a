// Whether a request was made by the page itself: what another site lets a browser send is refused, reading included.

import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** With everything that changes something; its content is `csrf` of `GET /api/v1/me`. */
export const CSRF_HEADER = "weir-csrf";

/** Sec-Fetch-Site is written by the browser and by no script; a browser without it sends Origin with what changes something. */
export function isForeign(headers: IncomingHttpHeaders, isChange: boolean): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && (isChange || site !== "none")) return true;
  const { origin, host } = headers;
  return origin !== undefined && origin.toLowerCase() !== `https://${(host ?? "").toLowerCase()}`;
}

export function hasCsrf(headers: IncomingHttpHeaders, expected: string): boolean {
  const given = headers[CSRF_HEADER];
  if (typeof given !== "string" || expected === "") return false;
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
