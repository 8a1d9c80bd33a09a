// The section `page` of the configuration: whether the gateway shows its web page, and where it does when no port of the network leads to people.

import Type from "typebox";
import type { Static } from "typebox";

/** Of the web page, wherever no other one is said [U9.2b]. */
export const PAGE_PORT = 9797;
/** Where it listens when nobody says it: at this computer alone. */
export const PAGE_ADDRESSES = ["127.0.0.1", "::1"] as const;

const ELSEWHERE = "Not beside `network.admin`, whose interface and port the page has then.";
const ADDRESS = "[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*";
const Address = Type.String({ pattern: `^(?:${ADDRESS})$`, expects: "an IP address", maxLength: 45, description: "IP address of this computer." });
const NAME = `^(?:(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|${ADDRESS})$`;
const Name = Type.String({
  pattern: NAME,
  expects: "a host name in lower-case letters, or an IP address",
  maxLength: 253,
  description: "Host name or address.",
});

/** Whether it can be a name of the page: a host name or an address. */
export function isPageName(text: string): boolean {
  return text.length <= 253 && new RegExp(NAME, "u").test(text);
}

export const PageSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: true, description: "Whether there is a web page." }),
    addresses: Type.Optional(Type.Array(Address, { minItems: 1, maxItems: 16, description: `Addresses that the page listens at; ${PAGE_ADDRESSES.join(" and ")} where not given. ${ELSEWHERE}` })),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, unit: "port", description: `Port of the page, HTTPS; ${PAGE_PORT} where not given. ${ELSEWHERE}` })),
    names: Type.Array(Name, { default: [], maxItems: 16, description: "Further names and addresses that people open the page by, beside `weir-<gateway id>.local` and the addresses that it listens at. They stand in its certificate, and it answers to no others." }),
  },
  { additionalProperties: false, default: {}, description: "The web page for people who administer the gateway, and its API." },
);
export type PageConfiguration = Static<typeof PageSchema>;
