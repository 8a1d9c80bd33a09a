// What must hold between settings, beyond what each setting's own schema can say. One function per rule.

import { isIP } from "node:net";
import { asFault } from "../../drivers/contract/fault.ts";
import { driverChecks } from "../../drivers/schemas.ts";
import { deriveWalls } from "../protocol/firewall/derive-flows.ts";
import { isLoopback, parseSubnet } from "./formats.ts";
import { namespaceOf } from "./namespaces.ts";
import { LDAPS_PORT, SYSLOG_PORT } from "./plant-section.ts";
import type { Path, Report } from "./problems.ts";
import type { Configuration } from "./schema.ts";
import { findNearest, listWords, quote } from "./words.ts";

/** Reports every broken rule of a configuration that fits its schema. */
export function checkRules(configuration: Configuration, report: Report): void {
  const rules = [namesAreUnique, segmentsDoNotOverlap, segmentsExist, addressesLieInSegment, cloudIsEncrypted, cloudProvesItself, driversAgree, hostsLieInSegment, acceptanceIsSafe, namespacesAreSetUp, wallsCanStand, cloudCanBeReached, pageStandsOnce, plantCanBeReached];
  for (const rule of rules) rule(configuration, report);
}

function namesAreUnique({ assets, segments }: Configuration, report: Report): void {
  const check = (kind: string, items: readonly { readonly name: string }[], section: string): void => {
    const seen = new Set<string>();
    for (const [index, { name }] of items.entries()) {
      if (seen.has(name)) report({ path: [section, index, "name"], at: "value", message: `two ${kind} are called ${quote(name)}.`, remedy: "Give one of them another name." });
      seen.add(name);
    }
  };
  check("assets", assets, "assets");
  check("segments", segments, "segments");
}

function segmentsDoNotOverlap(configuration: Configuration, report: Report): void {
  const { segments } = configuration;
  const subnets = segments.flatMap((segment, index) => segment.subnets.map((text, place) => ({ segment: segment.name, namespace: namespaceOf(configuration, segment.name), text, path: ["segments", index, "subnets", place] as Path, index, subnet: parseSubnet(text) })));
  for (const [place, one] of subnets.entries()) {
    const other = subnets.slice(0, place).find(({ index, namespace, subnet }) => index !== one.index && namespace === one.namespace && subnet !== undefined && one.subnet?.overlaps(subnet) === true);
    if (other === undefined) continue;
    report({ path: one.path, at: "value", message: `the subnet ${one.text} overlaps ${other.text} of segment ${quote(other.segment)}.`, remedy: "A machine must belong to one segment by its address: make the subnets smaller, or, where cells have the same addresses, put their ports into different namespaces (`network.field[].namespace`)." });
  }
}

function segmentsExist({ assets, segments }: Configuration, report: Report): void {
  const names = segments.map(({ name }) => name);
  for (const [index, { segment }] of assets.entries()) {
    if (segment === undefined || names.includes(segment)) continue;
    const nearest = findNearest(segment, names);
    const remedy = nearest !== undefined ? `Did you mean ${nearest}?` : names.length === 0 ? "Describe it under `segments`." : `Known segments: ${listWords(names, "and")}.`;
    report({ path: ["assets", index, "segment"], at: "value", message: `there is no segment ${quote(segment)}.`, remedy });
  }
}

/** Every URL with an address in an asset's driver settings lies in the asset's segment; where it names none but there are some, in one of them. */
function addressesLieInSegment({ assets, segments }: Configuration, report: Report): void {
  for (const [index, asset] of assets.entries()) {
    const segment = segments.find(({ name }) => name === asset.segment);
    if (segment === undefined && asset.segment !== undefined) continue;
    const subnets = (segment === undefined ? segments : [segment]).flatMap((one) => one.subnets.map(parseSubnet));
    for (const { path, url } of findUrls(asset.config, ["assets", index, asset.driver])) {
      const host = url.hostname.replace(/^\[|\]$/g, "");
      if (segments.length === 0 || !(isAddress(host) || isLoopback(host)) || subnets.some((subnet) => subnet?.includes(host) === true)) continue;
      if (segment === undefined) report({ path, at: "value", message: `${host} lies in none of the segments.`, remedy: "Correct the address, or add its subnet to a segment." });
      else report({ path, at: "value", message: `${host} lies outside segment ${quote(segment.name)} (${segment.subnets.join(", ")}).`, remedy: "Correct the address, or the asset's segment." });
    }
  }
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(":");
}

function cloudIsEncrypted({ cloud }: Configuration, report: Report): void {
  const url = cloud === undefined ? null : URL.parse(cloud.url);
  if (url?.protocol !== "mqtt:" || isLoopback(url.hostname)) return;
  report({ path: ["cloud", "url"], at: "value", message: `mqtt:// sends everything unencrypted, and ${url.hostname} is another host.`, remedy: "Use mqtts:// (port 8883, or 443 with ALPN) or wss://." });
}

function cloudProvesItself({ cloud }: Configuration, report: Report): void {
  if (cloud === undefined) return;
  const demand = (has: unknown, needs: unknown, path: Path, message: string, remedy: string): void => {
    if (has !== undefined && needs === undefined) report({ path, at: "key", message, remedy });
  };
  demand(cloud.certificate, cloud.key, ["cloud", "certificate"], "cloud.certificate stands without cloud.key.", "Name the secret that holds its private key under `key`.");
  demand(cloud.key, cloud.certificate, ["cloud", "key"], "cloud.key stands without cloud.certificate.", "Name the secret that holds the certificate under `certificate`.");
  demand(cloud.password, cloud.user, ["cloud", "password"], "cloud.password stands without cloud.user.", "Add `user`.");
  demand(cloud.proxy?.password, cloud.proxy?.user, ["cloud", "proxy", "password"], "cloud.proxy.password stands without cloud.proxy.user.", "Add `user`.");
}

/** What a driver says about its own settings beyond their schema, such as credentials over an unencrypted connection. */
function driversAgree({ assets }: Configuration, report: Report): void {
  for (const [index, asset] of assets.entries()) {
    const path: Path = ["assets", index, asset.driver];
    try {
      driverChecks[asset.driver]?.(asset.config, `assets[${index}].${asset.driver}`);
    } catch (error) {
      const { message, remedy } = asFault(error);
      report({ path, at: "key", message: `${asset.driver}: ${message}`, remedy });
    }
  }
}

function hostsLieInSegment({ segments }: Configuration, report: Report): void {
  for (const [index, { name, subnets: texts, hosts }] of segments.entries()) {
    const subnets = texts.map(parseSubnet);
    for (const [place, text] of hosts.entries()) {
      const path: Path = ["segments", index, "hosts", place];
      const url = text.includes("://") ? URL.parse(text) : undefined;
      const host = (url === undefined ? text : (url?.hostname ?? "")).replace(/^\[|\]$/g, "");
      if (isIP(host) === 0 || (url !== undefined && (url?.protocol !== "http:" || url.username !== "" || url.password !== ""))) {
        report({ path, at: "value", message: `${quote(text)} is neither an IP address nor an http:// URL with one.`, remedy: "Write 192.168.10.7, or http://192.168.10.7:5357/path where the target answers at its own address only." });
      } else if (!subnets.some((subnet) => subnet?.includes(host) === true)) {
        report({ path, at: "value", message: `${host} lies outside segment ${quote(name)} (${texts.join(", ")}).`, remedy: "Correct the address, or add its subnet." });
      }
    }
  }
}

/** A rule accepts without a person looking: what it goes by must be proof, or harm nobody. */
function acceptanceIsSafe({ acceptance, segments }: Configuration, report: Report): void {
  for (const [index, rule] of acceptance.entries()) {
    const segment = segments.find(({ name }) => name === rule.segment);
    const path: Path = ["acceptance", index];
    const given = [rule.ca, rule.pins, rule.withoutCertificate ? true : undefined].filter((one) => one !== undefined).length;
    if (segment === undefined) report({ path: [...path, "segment"], at: "value", message: `there is no segment ${quote(rule.segment)}.`, remedy: `Known segments: ${listWords(segments.map(({ name }) => name), "and") || "none"}.` });
    if (given !== 1) report({ path, at: "value", message: "the rule must say by exactly one of `ca`, `pins` and `withoutCertificate` whom it accepts.", remedy: "Give `ca: {secret: NAME}` or `pins: [FINGERPRINT]`." });
    if (rule.withoutCertificate && segment !== undefined && !segment.subnets.every((subnet) => isLoopback(subnet.split("/")[0] ?? ""))) {
      report({ path: [...path, "withoutCertificate"], at: "value", message: `whoever stands in segment ${quote(segment.name)} would be accepted unseen.`, remedy: "Accept by `ca` or `pins`, or accept each machine by `weir assets accept`; without a certificate only loopback is accepted, for demonstrations." });
    }
  }
}

/** Weir sets up no interface in another network namespace: a setting that does nothing would be a promise. */
function namespacesAreSetUp({ network }: Configuration, report: Report): void {
  for (const [index, { namespace, automatic, addresses }] of (network?.field ?? []).entries()) {
    if (namespace === undefined) continue;
    const refuse = (key: string): void => report({ path: ["network", "field", index, key], at: "key", message: `the interface lies in the network namespace ${quote(namespace)}, where its addresses are set by what makes the namespace.`, remedy: `Leave \`${key}\` out; docs/topologies/shared-subnets.md shows where they belong.` });
    if (automatic) refuse("automatic");
    if (addresses !== undefined) refuse("addresses");
  }
}

/** What the firewall is made from must make sense: ports without shared wires, and nobody else inside a machine network. */
function wallsCanStand(configuration: Configuration, report: Report): void {
  try {
    deriveWalls(configuration);
  } catch (error) {
    const { message, remedy } = asFault(error);
    report({ path: ["network"], at: "key", message: `network: ${message}.`, remedy });
  }
}

/** With the ports described, a cloud that no port leads to, or whose name nobody resolves, is a mistake that would show only later. */
function cloudCanBeReached({ cloud, network }: Configuration, report: Report): void {
  const host = URL.parse(cloud?.proxy?.url ?? cloud?.url ?? "")?.hostname.replace(/^\[|\]$/g, "") ?? "";
  if (network === undefined || host === "" || isLoopback(host)) return;
  if (network.cloud === undefined) report({ path: ["network"], at: "key", message: "network: there is a cloud, but no port leads to it.", remedy: "Say under `network.cloud` which interface does." });
  else if (network.dns === undefined && !isAddress(host)) report({ path: ["network"], at: "key", message: `network: nobody resolves the name ${quote(host)}.`, remedy: "Give the name servers under `network.dns`, or the destination by address." });
}

/** Where the page is has one place in the configuration: the firewall is made from it too. */
function pageStandsOnce({ network, page }: Configuration, report: Report): void {
  if (network?.admin === undefined) return;
  for (const key of ["addresses", "port"] as const) {
    if (page[key] !== undefined) report({ path: ["page", key], at: "key", message: `the page has interface and port of network.admin, and page.${key} says it a second time.`, remedy: key === "port" ? "Leave it out, and write the port under `network.admin`." : "Leave it out." });
  }
}

/** With the ports described, what the plant zone dials must be what the walls let it reach. */
function plantCanBeReached({ network, plant }: Configuration, report: Report): void {
  const { directory, syslog } = plant ?? {};
  if (syslog !== undefined && (syslog.certificate === undefined) !== (syslog.key === undefined)) report({ path: ["plant", "syslog"], at: "key", message: "plant.syslog: a client certificate needs both `certificate` and `key`.", remedy: "Name the secrets of both, or of none." });
  if (network === undefined) return;
  const demand = (path: Path, addresses: readonly string[], port: number, key: "ldaps" | "syslog", usual: number): void => {
    const missing = addresses.find((address) => network.plant?.[key].includes(address) !== true);
    if (missing !== undefined) report({ path, at: "key", message: `${path.join(".")}: the walls let the gateway reach no ${missing}.`, remedy: `Add it to \`network.plant.${key}\`.` });
    if (port !== usual) report({ path: [...path, "port"], at: "value", message: `the walls let the gateway reach port ${usual} only.`, remedy: `Let the server listen at ${usual}.` });
  };
  if (directory !== undefined) demand(["plant", "directory"], directory.servers, directory.port, "ldaps", LDAPS_PORT);
  if (syslog !== undefined) demand(["plant", "syslog"], [syslog.server], syslog.port, "syslog", SYSLOG_PORT);
}

function findUrls(value: unknown, path: Path): { readonly path: Path; readonly url: URL }[] {
  if (typeof value === "string") {
    const url = /^[a-z]+:\/\//.test(value) ? URL.parse(value) : null;
    return url === null ? [] : [{ path, url }];
  }
  return entriesOf(value).flatMap(([key, child]) => findUrls(child, [...path, key]));
}

function entriesOf(value: unknown): (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
