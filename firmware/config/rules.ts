// What must hold between settings, beyond what each setting's own schema can say. One function per rule.

import type { Configuration } from "./schema.ts";
import { isLoopback, parseSubnet } from "./formats.ts";
import type { Path, Report } from "./problems.ts";
import { findNearest, listWords, quote } from "./words.ts";

/** Reports every broken rule of a configuration that fits its schema. */
export function checkRules(configuration: Configuration, report: Report): void {
  for (const rule of [namesAreUnique, segmentsDoNotOverlap, segmentsExist, addressesLieInSegment, cloudIsEncrypted, cloudProvesItself, machinesGetNoPlainCredentials]) rule(configuration, report);
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

function segmentsDoNotOverlap({ segments }: Configuration, report: Report): void {
  const subnets = segments.flatMap((segment, index) => segment.subnets.map((text, place) => ({ segment: segment.name, text, path: ["segments", index, "subnets", place] as Path, index, subnet: parseSubnet(text) })));
  for (const [place, one] of subnets.entries()) {
    const other = subnets.slice(0, place).find(({ index, subnet }) => index !== one.index && subnet !== undefined && one.subnet?.overlaps(subnet) === true);
    if (other === undefined) continue;
    report({ path: one.path, at: "value", message: `the subnet ${one.text} overlaps ${other.text} of segment ${quote(other.segment)}.`, remedy: "A machine must belong to one segment by its address; make the subnets smaller." });
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

/** Every URL with an address in an asset's driver settings lies in the asset's segment. */
function addressesLieInSegment({ assets, segments }: Configuration, report: Report): void {
  for (const [index, asset] of assets.entries()) {
    const segment = segments.find(({ name }) => name === asset.segment);
    if (segment === undefined) continue;
    const subnets = segment.subnets.map(parseSubnet);
    for (const { path, url } of findUrls(asset.config, ["assets", index, asset.driver])) {
      const host = url.hostname.replace(/^\[|\]$/g, "");
      if (!isAddress(host) || subnets.some((subnet) => subnet?.includes(host) === true)) continue;
      report({ path, at: "value", message: `${host} lies outside segment ${quote(segment.name)} (${segment.subnets.join(", ")}).`, remedy: "Correct the address, or the asset's segment." });
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

/** A group of driver settings with an http:// URL holds no reference to a secret: it would cross the network readable. */
function machinesGetNoPlainCredentials({ assets }: Configuration, report: Report): void {
  for (const [index, asset] of assets.entries()) {
    const root: Path = ["assets", index, asset.driver];
    const plain = findUrls(asset.config, root).find(({ url }) => (url.protocol === "http:" || url.protocol === "mqtt:") && !isLoopback(url.hostname));
    const secret = plain === undefined ? undefined : findSecret(asset.config, root);
    if (plain === undefined || secret === undefined) continue;
    report({ path: secret, at: "key", message: `the secret would be sent to ${plain.url.hostname} unencrypted (${plain.url.protocol}//).`, remedy: "Use https:// (or mqtts://), or remove the credentials." });
  }
}

function findUrls(value: unknown, path: Path): { readonly path: Path; readonly url: URL }[] {
  if (typeof value === "string") {
    const url = /^[a-z]+:\/\//.test(value) ? URL.parse(value) : null;
    return url === null ? [] : [{ path, url }];
  }
  return entriesOf(value).flatMap(([key, child]) => findUrls(child, [...path, key]));
}

function findSecret(value: unknown, path: Path): Path | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("secret" in value && typeof value.secret === "string") return path;
  for (const [key, child] of entriesOf(value)) {
    const found = findSecret(child, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function entriesOf(value: unknown): (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}
