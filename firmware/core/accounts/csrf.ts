// What a page sends back with everything that changes something: it shows that the request was made by a page that could read the answer.

import { hashSecret } from "./random-text.ts";

/** Belongs to this text of the session alone, and does not give it away. */
export function csrfOf(session: string): string {
  return hashSecret(`csrf ${session}`);
}
