// Remembers the last answers, so that a repeated request is answered again instead of done again.

import type { RequestIdentity } from "../conduit/route.ts";

export interface RememberedAnswers<Answer> {
  /**
   * The first answer of this identity, or what `work` answers now. A repeat that comes while the first still runs joins it.
   * What failed is not remembered. Without an identity `work` is simply done.
   */
  answer(identity: RequestIdentity | undefined, work: () => Promise<Answer>): Promise<Answer>;
}

/**
 * In memory only: for answers that may be given anew after a restart of core. A caller repeats only what it still waits for, so
 * `limit` has to cover no more than all callers' requests in flight.
 */
export function rememberAnswers<Answer>(limit = 64): RememberedAnswers<Answer> {
  const answers = new Map<string, Promise<Answer>>();
  return {
    answer(identity, work) {
      if (identity === undefined) return work();
      const key = `${identity.epoch} ${identity.number}`;
      const known = answers.get(key);
      if (known !== undefined) return known;
      const answer = work();
      answers.set(key, answer);
      answer.catch(() => answers.delete(key));
      if (answers.size > limit) forgetOldest(answers);
      return answer;
    },
  };
}

function forgetOldest(answers: Map<string, unknown>): void {
  for (const key of answers.keys()) {
    answers.delete(key);
    return;
  }
}
