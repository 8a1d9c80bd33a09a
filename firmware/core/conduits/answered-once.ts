// Operations that give something out once: who asks again because the answer got lost is given the same, and nobody else is.

import { rememberAnswers } from "../../runtime/remembered-answers.ts";
import type { PersonCall } from "../accounts/actor.ts";
import type { PeopleHandlers } from "./people-operations.ts";

/** Each makes something that a second call would refuse or make anew. */
const GIVEN_ONCE = ["createAccount", "resetPassword", "createToken", "enrolAsset", "openServiceWindow"] as const satisfies readonly (keyof PeopleHandlers)[];
/** More than people wait for at the same time; in memory alone. */
const REMEMBERED = 16;

/** A repeat is known by its zone's epoch and number, its operation and the session or token that asks. */
export function answerOnce(handlers: PeopleHandlers): PeopleHandlers {
  const answers = rememberAnswers<unknown>(REMEMBERED);
  const wrapped = GIVEN_ONCE.map((name) => {
    const handler = handlers[name] as (input: unknown, call: PersonCall) => unknown;
    const once = (input: unknown, call: PersonCall): Promise<unknown> => {
      const { identity, person, actor } = call;
      const asked = identity === undefined ? undefined : { epoch: JSON.stringify([identity.epoch, name, actor.zone, person.kind, person.actor, person.session]), number: identity.number };
      return answers.answer(asked, async () => handler(input, call));
    };
    return [name, once];
  });
  // Sound: each keeps its name, its input and its reply.
  return { ...handlers, ...Object.fromEntries(wrapped) } as PeopleHandlers;
}
