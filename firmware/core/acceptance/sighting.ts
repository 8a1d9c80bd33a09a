// From a report of the zone field to facts: nothing is taken that the zone could not have found by its duties.

import type { X509Certificate } from "node:crypto";
import { assetIdOf } from "../../../drivers/contract/identity.ts";
import type { Nameplate } from "../../../drivers/contract/identity.ts";
import type { PresentReport } from "../../conduit/source.ts";
import { hostOf, lies } from "../../protocol/firewall/addresses.ts";
import { describeCertificate } from "./certificates.ts";
import type { Facts } from "./entry.ts";

const MAX_REASON = 1024;
/** As the contracts have it; written as a URL it may be longer than it was announced. */
const MAX_URL = 2048;

/** `subnets` are those of the segment: an address outside them is nobody's to connect to. `chain`: the report's certificates. */
export function factsOf(segment: string, subnets: readonly string[], report: PresentReport, chain: readonly X509Certificate[]): Facts {
  const { endpoint, address, driver = null, nameplate, device, fault } = report;
  const url = report.url === undefined ? null : sameText(report.url);
  const host = url === null ? undefined : hostOf(url);
  const isOutside = url !== null && (host === undefined || url.length > MAX_URL || !subnets.some((subnet) => lies(host, subnet)));
  const isForeign = isOutside || fault?.code === "ADDRESS_REFUSED";
  const reason = isOutside ? `It announces ${url.slice(0, 512)}, which lies outside segment ${segment}.` : fault === undefined ? null : `${fault.message}${fault.remedy === undefined ? "" : ` ${fault.remedy}`}`;
  const [leaf] = isOutside ? [] : chain;
  const known = isOutside ? undefined : nameplate;
  return {
    segment,
    endpoint,
    address,
    driver,
    url: isOutside ? null : url,
    id: known === undefined || !isTelling(known) ? null : assetIdOf(known),
    nameplate: known ?? device ?? null,
    certificate: leaf === undefined ? null : describeCertificate(leaf),
    reason: reason === null ? null : reason.slice(0, MAX_REASON),
    isForeign,
  };
}

/** One text for one address: what a URL may be written with is left out. */
export function sameText(url: string): string {
  return (URL.parse(url)?.href ?? url).replace(/\/+$/, "");
}

/** A nameplate without number and URI names no machine. */
export function isTelling({ serialNumber, productInstanceUri = "" }: Nameplate): boolean {
  return serialNumber.trim() !== "" || productInstanceUri !== "";
}
