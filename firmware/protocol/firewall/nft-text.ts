// The only door from texts of a configuration to nftables syntax: what has not passed a check here has no way into a rule.

import ipaddr from "ipaddr.js";
import { Fault } from "../../../drivers/contract/fault.ts";

declare const checked: unique symbol;
/** A piece of nftables text that is made of checked parts. */
export type Nft = string & { readonly [checked]: true };

/** Puts checked pieces into fixed text. A plain string as a piece does not compile. */
export function nft(texts: TemplateStringsArray, ...pieces: readonly (Nft | number)[]): Nft {
  const written = texts.map((text, index) => {
    const piece = pieces[index];
    if (typeof piece === "number" && !Number.isSafeInteger(piece)) throw refuse("number", String(piece));
    return `${text}${piece ?? ""}`;
  });
  return written.join("") as Nft;
}

export function joinNft(pieces: readonly Nft[], between: ", " | "\n" | " "): Nft {
  return pieces.join(between) as Nft;
}

/** A quoted interface name; Linux allows 15 bytes. Throws INPUT_INVALID. */
export function interfaceName(text: string): Nft {
  return demand(text, /^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/, "interface name", '"');
}

/** A user's name or number. Throws INPUT_INVALID. */
export function userName(user: string | number): Nft {
  return typeof user === "number" ? nft`${wholeNumber(user, 4_294_967_294)}` : demand(user, /^[a-z_][a-z0-9_-]{0,30}$/, "user name", '"');
}

/** A name for a chain, set or counter: `a-z0-9-:` become `a-z0-9_`. Throws INPUT_INVALID. */
export function identifier(prefix: string, name = ""): Nft {
  const text = name === "" ? prefix : `${prefix}_${name.replace(/[:-]/g, "_")}`;
  return demand(text, /^[a-z][a-z0-9_]{0,100}$/, "name", "");
}

/** A subnet or address of one family, without a zone index. Throws INPUT_INVALID. */
export function subnet(text: string): Nft {
  const [address = "", length, ...rest] = text.split("/");
  const bits = length === undefined || !/^\d{1,3}$/.test(length) ? Number.NaN : Number(length);
  const plain = addressOf(address);
  if (plain === undefined || rest.length > 0 || (length !== undefined && !(bits <= (plain.kind() === "ipv4" ? 32 : 128)))) throw refuse("subnet", text);
  return (length === undefined ? plain.toString() : `${plain.toString()}/${bits}`) as Nft;
}

/** One address, never a subnet. Throws INPUT_INVALID. */
export function singleAddress(text: string): Nft {
  if (addressOf(text) === undefined) throw refuse("address", text);
  return subnet(text);
}

export function port(number: number): Nft {
  return nft`${wholeNumber(number, 65_535, 1)}`;
}

export function seconds(number: number): Nft {
  return nft`${wholeNumber(number, 604_800, 1)}s`;
}

/** A keyword of nftables, such as an ICMPv6 type. Throws INPUT_INVALID. */
export function keyword(text: string): Nft {
  return demand(text, /^[a-z][a-z0-9-]{1,40}$/, "keyword", "");
}

/** A mark of 32 bits. */
export function mark(number: number): Nft {
  return `0x${wholeNumber(number, 0xffff_ffff, 1).toString(16).padStart(8, "0")}` as Nft;
}

/** True where a text is an address or subnet of IPv6. */
export function isIpv6(text: string): boolean {
  return text.includes(":");
}

function addressOf(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  // A link-local address with a zone (fe80::1%eth0) is valid for the library, but no address of a packet.
  return /^[0-9A-Fa-f:.]{2,45}$/.test(text) && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}

function wholeNumber(number: number, most: number, least = 0): number {
  if (!Number.isSafeInteger(number) || number < least || number > most) throw refuse("number", String(number));
  return number;
}

function demand(text: string, pattern: RegExp, kind: string, quote: '"' | ""): Nft {
  if (!pattern.test(text)) throw refuse(kind, text);
  return `${quote}${text}${quote}` as Nft;
}

function refuse(kind: string, text: string): Fault {
  return new Fault("INPUT_INVALID", `${JSON.stringify(text.slice(0, 80))} is no ${kind} that a firewall rule may contain`, { where: "firewall", remedy: "Correct it in the configuration; `weir check` tells where it stands." });
}
