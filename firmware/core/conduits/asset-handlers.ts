// Core's side of what people do with the register: list, accept, refuse, import, enrol.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { localConduit } from "../../conduit/local.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";
import { makeEnrolHandlers } from "./enrol-handlers.ts";

type AssetRoutes = "assets" | "asset" | "acceptAsset" | "refuseAsset" | "forgetAsset" | "importAssets" | "enrolAsset" | "disenrolAsset" | "machineCa" | "renewMachineCa";

export function makeAssetHandlers(core: CoreParts): Pick<Handlers<typeof localConduit>, AssetRoutes> {
  const refuse = (): never => {
    throw new Fault("NOT_SUPPORTED", "this part of the register is not there yet");
  };
  return { assets: refuse, asset: refuse, acceptAsset: refuse, refuseAsset: refuse, forgetAsset: refuse, importAssets: refuse, ...makeEnrolHandlers(core) };
}
