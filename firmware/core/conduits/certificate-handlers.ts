// Core's side of the page's certificate.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";

const notYet = (): never => {
  throw new Fault("NOT_SUPPORTED", "not built yet");
};

export function makeCertificateHandlers(_core: CoreParts): Pick<PeopleHandlers, "pageCertificate" | "requestPageCertificate" | "installPageCertificate" | "removePageCertificate"> {
  return { pageCertificate: notYet, requestPageCertificate: notYet, installPageCertificate: notYet, removePageCertificate: notYet };
}
