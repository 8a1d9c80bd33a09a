// Routes of the API: machines and their values.

import { row } from "./api-route.ts";

const IMPORT_MS = 60_000;

export const ASSET_TABLE = [
  row("assets", "GET", "/assets", "The register in the order of its keys, page by page: `after` is the last key of the page before.", { defaults: { limit: 50 } }),
  row("asset", "GET", "/assets/{key}", "One asset with its newest history.", { defaults: { limit: 50 } }),
  row("importAssets", "POST", "/assets", "Takes lines of a list that people keep, all or none.", { mayTakeMs: IMPORT_MS }),
  row("acceptAsset", "POST", "/assets/{key}/acceptance", "Accepts an asset as it was seen: it is read from now on."),
  row("refuseAsset", "POST", "/assets/{key}/refusal", "Refuses an asset: it is read no more."),
  row("forgetAsset", "DELETE", "/assets/{key}", "Forgets an asset that no configuration names and nothing reads."),
  row("enrolAsset", "POST", "/assets/{key}/enrolment", "Lets an accepted machine publish to the gateway; what is given out is shown now and never again.", { status: 201 }),
  row("disenrolAsset", "DELETE", "/assets/{key}/enrolment", "Takes all that a machine was enrolled with."),
  row("machineCa", "GET", "/ca/machines", "The CA of the machines."),
  row("renewMachineCa", "POST", "/ca/machines", "A new CA of the machines in place of the former one.", { status: 201 }),
  row("values", "GET", "/values", "The last values that changed after the revision `after`; waits up to `waitMs` for the next change.", { defaults: { after: 0, waitMs: 0 } }),
] as const;
