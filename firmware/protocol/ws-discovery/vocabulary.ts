// The words of the two versions of WS-Discovery that are in use, and of DPWS and WS-Transfer beside them.

/** `2005/04` is the member submission that Windows, printers and most machines speak; `1.1` the OASIS standard of 2009. */
export const WSD_VERSIONS = ["2005/04", "1.1"] as const;
export type WsdVersion = (typeof WSD_VERSIONS)[number];

export const SOAP = "http://www.w3.org/2003/05/soap-envelope";

export interface Vocabulary {
  readonly version: WsdVersion;
  readonly discovery: string;
  readonly addressing: string;
  /** Where multicast messages go to. */
  readonly to: string;
  /** The sender of a request itself. */
  readonly anonymous: string;
  /** Rules by which scopes are compared (WS-Discovery §5.1); the first one where none is named. */
  readonly matchBy: { readonly path: string; readonly uuid: string; readonly ldap: string; readonly text: string; readonly none: string | undefined };
  /** Devices Profile for Web Services. */
  readonly dpws: string;
}

const DISCOVERY_2005 = "http://schemas.xmlsoap.org/ws/2005/04/discovery";
const ADDRESSING_2004 = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
const DISCOVERY_2009 = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01";
const ADDRESSING_2005 = "http://www.w3.org/2005/08/addressing";

export const VOCABULARIES: Readonly<Record<WsdVersion, Vocabulary>> = {
  "2005/04": {
    version: "2005/04",
    discovery: DISCOVERY_2005,
    addressing: ADDRESSING_2004,
    to: "urn:schemas-xmlsoap-org:ws:2005:04:discovery",
    anonymous: `${ADDRESSING_2004}/role/anonymous`,
    matchBy: { path: `${DISCOVERY_2005}/rfc2396`, uuid: `${DISCOVERY_2005}/uuid`, ldap: `${DISCOVERY_2005}/ldap`, text: `${DISCOVERY_2005}/strcmp0`, none: undefined },
    dpws: "http://schemas.xmlsoap.org/ws/2006/02/devprof",
  },
  "1.1": {
    version: "1.1",
    discovery: DISCOVERY_2009,
    addressing: ADDRESSING_2005,
    to: "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01",
    anonymous: `${ADDRESSING_2005}/anonymous`,
    matchBy: { path: `${DISCOVERY_2009}/rfc3986`, uuid: `${DISCOVERY_2009}/uuid`, ldap: `${DISCOVERY_2009}/ldap`, text: `${DISCOVERY_2009}/strcmp0`, none: `${DISCOVERY_2009}/none` },
    dpws: "http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01",
  },
};

export const TRANSFER_GET = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
export const TRANSFER_GET_RESPONSE = "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse";
export const METADATA_EXCHANGE = "http://schemas.xmlsoap.org/ws/2004/09/mex";

/** Groups and port of WS-Discovery (1.1 §2.4); the hop limit is 1 by SOAP-over-UDP. */
export const MULTICAST = { port: 3702, ipv4: "239.255.255.250", ipv6: "ff02::c" } as const;

/** SOAP-over-UDP 1.1 appendix A and WS-Discovery 1.1 §1.4, in milliseconds. */
export const TIMING = { firstRepeatMinMs: 50, firstRepeatMaxMs: 250, repeatUpperMs: 500, repeats: 1, appMaxDelayMs: 500, matchTimeoutMs: 10_000 } as const;

/** DPWS 1.1 appendix B: octets of an envelope over UDP and over HTTP, characters of a field and of a URI. */
export const CAPS = { udpBytes: 4096, httpBytes: 32_767, field: 256, uri: 2048, types: 64, scopes: 64, addresses: 16, matches: 256 } as const;
