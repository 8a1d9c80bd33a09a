// A zone for the supervisor's tests: what it does is said by its second argument.

import { writeFileSync } from "node:fs";

import { Fault } from "../../../drivers/contract/fault.ts";
import type { Service } from "../../../firmware/runtime/service.ts";
import { runZone } from "../../../firmware/runtime/zone-process.ts";

const [name = "zone", behaviour = "well", dataDir = "."] = process.argv.slice(2);

const untilAborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

const service: Service = {
  name,
  async run({ log, ready, clock }, signal) {
    if (behaviour === "misconfigured") throw new Fault("CONFIG_INVALID", "the machine has no address", { where: "weir.yaml:3:5", remedy: "Give it one." });
    if (behaviour === "crashes") throw new Error("a fixture's crash");
    if (behaviour === "slow") await clock.sleep(150, signal);
    if (behaviour !== "never-ready") ready();
    log.info({ name }, "works");
    if (behaviour === "rejects-unseen") void Promise.reject(new Error("nobody catches this"));
    // A loop that no event gets through: neither SIGTERM's listener nor the closed channel's.
    if (behaviour === "spins") for (;;) writeFileSync(`${dataDir}/${name}.spins`, String(process.pid));
    await untilAborted(signal);
    if (behaviour === "hangs") await new Promise(() => clock.after(60_000, () => undefined));
    await clock.sleep(30, new AbortController().signal);
    log.info({ name }, "has ended");
  },
};

await runZone({ name, load: async () => service }, { dataDir });
