// What is known of one asset, in words: for `weir assets show` and for the question before it is accepted.

import type { Static } from "typebox";
import type { Nameplate } from "../../drivers/contract/identity.ts";
import type { AssetEntry, assetRoutes } from "../conduit/assets.ts";
import { spellFingerprints, writeFingerprint } from "./assets-fingerprint.ts";
import { printable, shellWord, writeKey } from "./printable.ts";

export type AssetHistory = Static<typeof assetRoutes.asset.reply>["history"];

const LABEL_WIDTH = 14;

const PRESENCES: Readonly<Record<AssetEntry["presence"], string>> = {
  present: "present",
  left: "said that it leaves",
  silent: "silent",
  unknown: "not heard of lately",
};
const ORIGINS: Readonly<Record<AssetEntry["origin"], string>> = { configuration: "written in the configuration", found: "found on its segment", imported: "imported from a list" };

/** Presence as people say it. */
export function stateWords(presence: AssetEntry["presence"]): string {
  return PRESENCES[presence];
}

/** `Komax Alpha 550, serial 4711`; says where nothing is known. Not yet safe for a terminal. */
export function describeMachine(nameplate: Nameplate | null): string {
  if (nameplate === null) return "has not said what it is";
  const what = [nameplate.manufacturer, nameplate.model].filter((text) => text !== "").join(" ");
  return [...(what === "" ? [] : [what]), ...(nameplate.serialNumber === "" ? [] : [`serial ${nameplate.serialNumber}`])].join(", ") || "its nameplate is empty";
}

/** Whether there is anything to accept: a driver that reads it, and an address for it. */
export function isReadable({ driver, url }: AssetEntry): boolean {
  return driver !== null && url !== null;
}

/** What a person types to decide; safe to copy into a shell, whatever the machine is called. */
export function acceptCommand(key: string, verb = "accept"): string {
  return `weir assets ${verb} ${key.startsWith("-") ? "-- " : ""}${shellWord(writeKey(key))}`;
}

/** All that is known of it, and its history, newest first. Plain text that ends with a newline and cannot steer the terminal. */
export function writeAsset(entry: AssetEntry, history: AssetHistory = []): string {
  const rows: (readonly [string, string])[] = [...writeIdentity(entry), ...writeWhereabouts(entry), ...writeCertificate(entry), ...writeReading(entry)];
  const lines = [
    `${writeKey(entry.key)}: ${entry.state.toUpperCase()}`,
    ...rows.filter(([, text]) => text !== "").map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${printable(text)}`),
    ...(history.length === 0 ? [] : ["", "History, newest first:"]),
    ...history.map(({ at, kind, actor, detail }) => printable(`  ${at}  ${kind}  by ${actor}${detail === "" ? "" : `: ${spellFingerprints(detail)}`}`)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function writeIdentity({ id, name, nameplate, endpoint, equipment }: AssetEntry): readonly (readonly [string, string])[] {
  const place = ["enterprise", "site", "area", "workCenter", "workUnit"].flatMap((level) => equipment[level] ?? []);
  return [
    ["name", name ?? ""],
    ["manufacturer", nameplate?.manufacturer ?? ""],
    ["model", nameplate?.model ?? ""],
    ["serial number", nameplate?.serialNumber ?? ""],
    ["class", nameplate?.deviceClass ?? ""],
    ["software", nameplate?.softwareRevision ?? ""],
    ...(nameplate === null ? [["nameplate", "it has not said what it is"] as const] : []),
    ["asset id", id ?? ""],
    ["endpoint", endpoint ?? ""],
    ["stands in", place.join(" / ")],
  ];
}

function writeWhereabouts({ origin, address, segment, presence, url, firstSeen, lastSeen }: AssetEntry): readonly (readonly [string, string])[] {
  return [
    ["origin", ORIGINS[origin]],
    ["address", address ?? "none"],
    ["segment", segment ?? ""],
    ["URL", url ?? ""],
    ["presence", stateWords(presence)],
    ["first seen", firstSeen ?? ""],
    ["last seen", lastSeen ?? ""],
  ];
}

function writeCertificate({ certificate }: AssetEntry): readonly (readonly [string, string])[] {
  if (certificate === null) return [["certificate", "none: nothing proves that it is the machine it claims to be"]];
  const { fingerprint, subject, issuer, notAfter } = certificate;
  return [
    ["certificate", `SHA-256 ${writeFingerprint(fingerprint)}`],
    ["  of", subject],
    ["  issued by", issuer],
    ["  valid until", notAfter],
  ];
}

function writeReading({ driver, link, via, points, enrolled, changes, reason, note }: AssetEntry): readonly (readonly [string, string])[] {
  return [
    ["driver", driver ?? "none of the gateway reads it"],
    ["link", link],
    ["readings by", via ?? ""],
    ["points", String(points)],
    ["enrolled by", enrolled.join(" and ")],
    ["note", note ?? ""],
    ...changes.map((change) => ["changed", spellFingerprints(change)] as const),
    ["why", spellFingerprints(reason ?? "")],
  ];
}
