// Sends a refused batch in ever smaller pieces, in its order, until the readings that the broker does not take stand alone.

import type { SeqRange } from "../../conduit/shared.ts";
import type { Answer } from "./connection.ts";
import type { Verdict } from "./lease-desk.ts";
import type { Piece } from "./split-readings.ts";
import { joinRanges } from "./split-readings.ts";

/** Beside what the broker answers: a packet that is larger than the broker says it takes was not sent at all. */
export type PieceAnswer = Answer | { readonly kind: "tooLarge"; readonly reason: string };

export interface Bisection {
  /** Sends these readings as one message. */
  send(pieces: readonly Piece[]): Promise<PieceAnswer>;
  /** Refused alone, twice: held until it is known whether the reading or the link is to blame. */
  hold(range: SeqRange, reason: string): void;
  /** Known from earlier connections to end them: held without being sent. */
  isKnown(piece: Piece): string | undefined;
  /** True for a refusal that is about what the message holds. */
  isContent(code: number): boolean;
}

/** The verdict on all but what was held; what could not be sent to the end is kept. */
export async function bisect(pieces: readonly Piece[], bisection: Bisection): Promise<Verdict> {
  const accepted: SeqRange[] = [];
  const rejected: { range: SeqRange; reason: string }[] = [];
  const queue: (readonly Piece[])[] = cutAtKnown(pieces, bisection);
  for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
    const [first] = part;
    if (first === undefined) continue;
    const known = part.length === 1 ? bisection.isKnown(first) : undefined;
    const answer = known === undefined ? await sendPart(part, bisection) : undefined;
    if (answer?.kind === "confirmed") accepted.push(...part.map((piece) => piece.range));
    else if (answer?.kind === "lost" || (answer?.kind === "refused" && !bisection.isContent(answer.code))) return finish(accepted, rejected, [part, ...queue].flat());
    else if (part.length > 1) queue.unshift(part.slice(0, part.length >> 1), part.slice(part.length >> 1));
    else if (answer?.kind === "tooLarge") rejected.push({ range: first.range, reason: answer.reason });
    else bisection.hold(first.range, known ?? answer?.reason ?? "refused");
  }
  return finish(accepted, rejected, []);
}

/** A reading that is refused alone gets a second try, so that one passing trouble convicts nobody. */
async function sendPart(part: readonly Piece[], bisection: Bisection): Promise<PieceAnswer> {
  const answer = await bisection.send(part);
  return part.length === 1 && answer.kind === "refused" && bisection.isContent(answer.code) ? bisection.send(part) : answer;
}

function cutAtKnown(pieces: readonly Piece[], bisection: Bisection): (readonly Piece[])[] {
  const parts: Piece[][] = [[]];
  for (const piece of pieces) {
    if (bisection.isKnown(piece) === undefined) parts.at(-1)?.push(piece);
    else parts.push([piece], []);
  }
  return parts.filter((part) => part.length > 0);
}

function finish(accepted: readonly SeqRange[], rejected: readonly { range: SeqRange; reason: string }[], kept: readonly Piece[]): Verdict {
  return { accepted: joinRanges(accepted), rejected, kept: joinRanges(kept.map((piece) => piece.range)) };
}
