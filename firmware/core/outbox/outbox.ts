// The outbox: every accepted reading, kept until each of its destinations confirmed it.

import type { Outbox, OutboxOptions } from "./contract.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

export type * from "./contract.ts";
export { OUTBOX_CONDITIONS } from "./contract.ts";

/** Opens or makes the database. A damaged file is set aside and recovered in the background; it is never a reason to fail. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  throw new Fault("NOT_SUPPORTED", "the outbox is not built yet", { where: options.file });
}
