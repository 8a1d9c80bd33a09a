// Asks hosts that multicast does not reach by HTTP: a Probe as the body of a POST to the target's own address (DPWS 1.1 §4.1, WS-Discovery 1.1 §3.2.2).

import { Agent, request } from "undici";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { CAPS } from "../../protocol/ws-discovery/vocabulary.ts";
import { withDeadline } from "../acquisition/deadline.ts";

const LIMIT_MS = 3000;
/** 256 hosts that all hang take less than the minute between two rounds. */
const AT_A_TIME = 16;

/**
 * Puts each question to each URL, one after the other, and gives each whole answer of at most 32,767 bytes to `take`. A URL that fails once is left alone for this
 * time. Follows no redirect. Never rejects; ends early with the signal.
 */
export async function askAll(urls: readonly string[], questionsFor: (url: string) => readonly Buffer[], take: (url: string, answer: Uint8Array) => void, clock: Clock, signal: AbortSignal): Promise<void> {
  const waiting = [...urls];
  const next = async (): Promise<void> => {
    for (let url = waiting.shift(); url !== undefined && !signal.aborted; url = waiting.shift()) await askOne(url, questionsFor(url), take, clock, signal);
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, urls.length) }, next));
}

async function askOne(url: string, questions: readonly Buffer[], take: (url: string, answer: Uint8Array) => void, clock: Clock, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ connections: 1, maxResponseSize: CAPS.httpBytes, headersTimeout: LIMIT_MS, bodyTimeout: LIMIT_MS, connect: { timeout: LIMIT_MS } });
  try {
    for (const body of questions) {
      const answer = await withDeadline("directed probe", LIMIT_MS, clock, signal, async (limited) => {
        const { statusCode, body: answered } = await request(url, { method: "POST", body, dispatcher: agent, signal: limited, headers: { "content-type": "application/soap+xml; charset=utf-8" } });
        const bytes = new Uint8Array(await answered.arrayBuffer());
        // 202 without a body: the target is none of those that are asked for.
        return statusCode === 200 && bytes.length > 0 ? bytes : undefined;
      });
      if (answer !== undefined) take(url, answer);
    }
  } catch {
    // It is asked again in the next round; what is not there is no fault of ours.
  } finally {
    await agent.destroy();
  }
}
