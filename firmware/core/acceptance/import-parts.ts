// Gathers a long list that comes in parts, so that no request of it is long.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { AssetLine, ImportPart } from "../../conduit/assets.ts";

/** Lists that are not complete yet; of more, the oldest is given up. */
const MOST_LISTS = 4;

/** In memory alone: a list that is not complete has changed nothing. */
export class ImportParts {
  readonly #lists = new Map<string, (readonly AssetLine[])[]>();

  /** All lines with the last part, undefined before. Throws STORAGE_BUSY where a part before it is not here: core was started anew meanwhile. */
  add({ list, number, isLast }: ImportPart, lines: readonly AssetLine[]): readonly AssetLine[] | undefined {
    const parts = this.#lists.get(list) ?? [];
    parts[number] = lines;
    this.#lists.delete(list);
    if (!isLast) {
      this.#lists.set(list, parts);
      for (const [oldest] of this.#lists) if (this.#lists.size > MOST_LISTS) this.#lists.delete(oldest);
      return undefined;
    }
    const whole = Array.from({ length: number + 1 }, (_, index) => parts[index]);
    return whole.flatMap((part) => part ?? refuse());
  }
}

function refuse(): never {
  throw new Fault("STORAGE_BUSY", "not all parts of the list have come; nothing of it was taken", { remedy: "Import it again." });
}
