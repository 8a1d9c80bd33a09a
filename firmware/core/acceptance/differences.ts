// What is different from what was judged, in words for the person who has to decide.

import type { Facts, Judged } from "./entry.ts";

/** What is null in `judged` is not compared; what the facts lack (it was not asked, or did not answer) is no difference. */
export function differences(judged: Judged, facts: Facts): readonly string[] {
  const words: string[] = [];
  const fingerprint = facts.certificate?.fingerprint ?? null;
  if (judged.id !== null && facts.id !== null && judged.id !== facts.id) words.push(`Identity: ${judged.id} before, ${facts.id} now.`);
  if (judged.fingerprint !== null && fingerprint !== null && judged.fingerprint !== fingerprint) words.push(`Certificate: SHA-256 ${judged.fingerprint} before, ${fingerprint} now.`);
  if (judged.fingerprint !== null && fingerprint === null && facts.id !== null) words.push(`Certificate: SHA-256 ${judged.fingerprint} before, none now.`);
  if (judged.endpoint !== null && facts.endpoint !== null && judged.endpoint !== facts.endpoint) words.push(`Endpoint: ${judged.endpoint} before, ${facts.endpoint} now.`);
  if (judged.url !== null && facts.url !== null && judged.url !== facts.url) words.push(`Address: ${judged.url} before, ${facts.url} now.`);
  if (judged.segment !== null && facts.segment !== null && judged.segment !== facts.segment) words.push(`Segment: ${judged.segment} before, ${facts.segment} now.`);
  return words.map((text) => text.slice(0, MAX_WORDS));
}

const MAX_WORDS = 1024;
