// Every driver there is. A driver is listed here or it does not exist.

import type { Driver } from "./contract/driver.ts";
import { miko } from "./miko/driver.ts";

// Configurations reach a driver only after its own schema let them through, so their type may be forgotten here.
export const drivers: readonly Driver<unknown>[] = [miko];
