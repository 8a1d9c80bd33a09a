// Who an asset is (its nameplate, OPC 40001-1) and how its ids are written where they become a topic level or a path segment.

import Type from "typebox";
import type { Static } from "typebox";

/** The asset's own URI (ProductInstanceUri) or `urn:weir:<manufacturer>:<model>:<serial>`; never an address. */
export type AssetId = string;
/** Stable within its asset: NodeId, OID, register, resource name. */
export type PointId = string;

export const AssetIdSchema = Type.String({ minLength: 1, maxLength: 512 });
export const PointIdSchema = Type.String({ minLength: 1, maxLength: 256 });

const Field = Type.String({ maxLength: 256 });

export const NameplateSchema = Type.Object(
  {
    manufacturer: Field,
    model: Field,
    serialNumber: Field,
    productInstanceUri: Type.Optional(Type.String({ maxLength: 512 })),
    softwareRevision: Type.Optional(Field),
    deviceClass: Type.Optional(Field),
  },
  { additionalProperties: false },
);
export type Nameplate = Static<typeof NameplateSchema>;

/** The id under which the asset is known everywhere, derived from its nameplate alone. Never throws, whatever a machine says of itself. */
export function assetIdOf(nameplate: Nameplate): AssetId {
  if (nameplate.productInstanceUri !== undefined && nameplate.productInstanceUri !== "") return nameplate.productInstanceUri.toWellFormed();
  return ["urn:weir", nameplate.manufacturer, nameplate.model, nameplate.serialNumber].map((part, index) => (index === 0 ? part : encodeId(part))).join(":");
}

/**
 * Percent-encodes an id so that it is one MQTT topic level or one URL path segment: nothing but RFC 3986 unreserved
 * characters is left, so `/`, `+`, `#`, `$`, `%`, `:` and NUL never act as syntax. `decodeId` is its exact inverse, but for half
 * surrogate pairs (JSON can carry them, UTF-8 can not): they become U+FFFD.
 */
export function encodeId(id: string): string {
  return encodeURIComponent(id.toWellFormed()).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The id that `encodeId` was given. Throws URIError on text that it never writes. */
export function decodeId(encoded: string): string {
  return decodeURIComponent(encoded);
}
