// The zones of this product, in the order in which they start. The explicit list; nothing registers itself.

import type { Service } from "../runtime/service.ts";

export interface Zone {
  readonly name: string;
  /** Loads the zone's code: each process loads its own zone only. */
  load(): Promise<Service>;
}

/** A stage starts when all zones of the stage before it are ready. */
export const ZONE_STAGES: readonly (readonly Zone[])[] = [
  [{ name: "core", load: async () => (await import("../core/main.ts")).core }],
  [
    { name: "field", load: async () => (await import("../field/main.ts")).field },
    { name: "cloud", load: async () => (await import("../cloud/main.ts")).cloud },
    { name: "admin", load: async () => (await import("../admin/main.ts")).admin },
    { name: "plant", load: async () => (await import("../plant/main.ts")).plant },
  ],
];

/** Not part of `weir start` on a developer's machine: it changes the system it runs on. On an appliance systemd starts it. */
export const APPLIANCE_ZONES: readonly Zone[] = [{ name: "host", load: async () => (await import("../host/main.ts")).host }];
