// What one run of subscribe works with, whichever way the machine supplies its values.

import type { Accept, DriverContext } from "../contract/driver.ts";
import type { MikoConfig } from "./config.ts";
import type { EventList } from "./event-list.ts";
import type { Machine } from "./machine.ts";

export interface Subscription {
  readonly machine: Machine;
  readonly events: EventList;
  readonly config: MikoConfig;
  readonly context: DriverContext;
  readonly accept: Accept;
}
