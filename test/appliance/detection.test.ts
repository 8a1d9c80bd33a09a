// limit: 400s
// Shows on a booted appliance that what the kernel remembers comes through host's walls to `weir detections`, and that its own work is no detection.

import type { DetectionReport } from "../../firmware/conduit/status.ts";
import { until } from "../support/gateway.ts";
import { assert, suite } from "../support/suite.ts";
import { buildTown } from "../walls/town.ts";
import { NEIGHBOURHOOD_NEEDS, startAmong, startNeighbourhood } from "./neighbourhood.ts";
import { APPLIANCE_NEEDS } from "./start-appliance.ts";

suite(
  "appliance, detection",
  (test) => {
    test("K2.2.5 machines that are read and a cloud that is reached are no detection, and who looks for open ports is one", async (context) => {
      const town = buildTown(context.defer);
      const neighbours = await startNeighbourhood(context, town, { rate: 5 });
      const appliance = await startAmong(context, town, neighbours);
      await appliance.until("the broker confirms readings", ({ outbox }) => outbox.queued === 0);
      const read = (): readonly DetectionReport[] => (JSON.parse(appliance.run("weir", ["detections", "--json", "--data", "/var/lib/weir"])) as { readonly detections: readonly DetectionReport[] }).detections;
      town.run("plant", "python3", ["-c", `import socket\nfor port in range(20, 60):\n  s = socket.socket()\n  s.setblocking(False)\n  s.connect_ex(("10.20.0.2", port))`]);
      await until("the scan is detected", context.signal, () => read().some(({ kind }) => kind === "scan"), 120_000).catch((error: unknown) => {
        throw new Error(appliance.journal(), { cause: error });
      });
      assert.equal(read().map(({ kind, side, source }) => `${kind} ${side} ${source}`), ["scan plant 10.20.0.50"]);
    }, { limitMs: 300_000 });
  },
  { needs: [...APPLIANCE_NEEDS, ...NEIGHBOURHOOD_NEEDS, "python3"] },
);
