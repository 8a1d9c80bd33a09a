// What MIKO-style machines announce and how they say who they are, by the reference profile: before one is accepted no other is named.

import { compileProfile } from "../../firmware/protocol/miko-mapping.ts";
import { checkProfile } from "../../firmware/protocol/miko-profile.ts";
import type { Announcement } from "../contract/driver.ts";
import reference from "./profiles/reference.json" with { type: "json" };

const profile = checkProfile(reference, "drivers/miko/profiles/reference.json");

export const mikoAnnouncement: Announcement = {
  types: profile.discovery?.types ?? [],
  identification: profile.request.identification.path,
  nameplate: compileProfile(profile).nameplate,
};
