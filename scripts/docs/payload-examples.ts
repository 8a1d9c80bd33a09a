// An example of each payload for the published documents; a test checks them against the schemas.

import type { Inventory, LinkStatus, TaskProgress, Telemetry } from "../../firmware/protocol/cloud-payloads.ts";

const gateway = "hall-3";
const asset = "urn:weir:Example:Cut%203000:4711";
const at = "2026-11-02T08:15:30.120Z";

export const telemetryExample: Telemetry = {
  gateway,
  stream: "0b0f2c5e-6a53-4c4e-9a58-5f0f3b8f8a11",
  lane: "live",
  readings: [
    { seq: 1041, asset, point: "production/count", value: 18_233, quality: "good", sourceTime: "2026-11-02T08:15:30.100Z", gatewayTime: at },
    { seq: 1042, asset, point: "cutter/temperature", value: null, quality: "bad", reason: "the machine cannot be reached", unit: "°C", sourceTime: null, gatewayTime: at },
    { seq: 1043, asset, event: { id: "e-5521", type: "material", severity: 500, message: "Wire reel empty", active: true, sourceTime: "2026-11-02T08:15:30.110Z", gatewayTime: at } },
    { gap: { first: 1044, last: 1090, reason: "age" } },
  ],
};

export const inventoryExample: Inventory = {
  gateway,
  assets: [
    {
      asset,
      name: "cutter-1",
      state: "accepted",
      nameplate: { manufacturer: "Example", model: "Cut 3000", serialNumber: "4711", softwareRevision: "7.2" },
      equipment: { enterprise: "Example", site: "Lucerne", area: "Hall 3", workCenter: "Line 1" },
      points: [{ id: "production/count", name: "Pieces", dataType: "number", access: "read" }],
    },
  ],
};

export const statusExample: LinkStatus = { gateway, state: "online", version: "0.1.0", mode: "observe", time: at, outbox: { queued: 12, dropped: 0, rejected: 0, oldestSeconds: 0.4 } };

export const willExample: LinkStatus = { gateway, state: "offline", version: "0.1.0", mode: "observe" };

export const taskExample: TaskProgress = {
  gateway,
  id: "5a0d7e0c-2b5b-4c6e-8a57-0d7a1f6f2e10",
  kind: "asset-snapshot",
  target: "cutter-1",
  state: "waiting",
  needsApproval: true,
  words: "It waits for its turn.",
  ordered: "2026-11-02T08:10:00.000Z",
  changed: at,
  result: null,
};
