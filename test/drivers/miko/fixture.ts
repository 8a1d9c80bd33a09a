// The wire of a MIKO-style machine for the contract suite.

import { completeMikoConfig } from "../../../drivers/miko/config.ts";
import type { Defer } from "../../support/suite.ts";
import type { WireFixture } from "../wire-fixture.ts";
import { startMachine } from "./fake-machine.ts";

export async function mikoFixture(defer: Defer): Promise<WireFixture> {
  const machine = await startMachine(defer);
  machine.points.set("speed", { value: 1, unit: "m/s" });
  let value = 1;
  return {
    config: completeMikoConfig({ url: machine.url }, "fixture"),
    goodPoint: "speed",
    missingPoint: "no such/point",
    emit: () => void machine.broker.publish(`${machine.root}/points/speed`, JSON.stringify({ value: (value += 1) })),
    lose: () => machine.lose(),
    countOpen: () => machine.broker.open + machine.open,
  };
}
