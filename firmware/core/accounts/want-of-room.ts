// What goes on while the disk is full: whoever could free it must be able to log in.

import { isFault } from "../../../drivers/contract/fault.ts";

/** `otherwise` in place of work that finds no room, or the database held. Anything else is thrown. */
export function unlessNoRoom<T>(work: () => T, otherwise: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isFault(error, "STORAGE_FULL", "STORAGE_BUSY")) return otherwise();
    throw error;
  }
}
