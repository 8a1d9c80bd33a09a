// Whether the appliance's screen has to show how one becomes the first administrator.

import { asFault } from "../../../drivers/contract/fault.ts";
import type { CoreParts } from "../parts.ts";

/** To be called again and again: tells, at the start and at each change, whether nobody has an account. Never throws. */
export function watchUnclaimed({ accounts, log, tellWanted }: Pick<CoreParts, "accounts" | "log" | "tellWanted">): () => void {
  let told: boolean | undefined;
  return () => {
    const { isUnclaimed } = accounts;
    if (isUnclaimed === told) return;
    told = isUnclaimed;
    try {
      tellWanted({ console: isUnclaimed });
    } catch (error) {
      log.error({ fault: asFault(error) }, "the screen cannot be told whether somebody has an account");
    }
  };
}
