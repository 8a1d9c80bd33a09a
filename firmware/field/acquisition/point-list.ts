// The points of an asset as core takes them: a digest by which it knows the list already, and pages for when it does not.

import { createHash } from "node:crypto";
import type { PointSpec } from "../../../drivers/contract/driver.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import { POINTS_PER_PAGE } from "../../conduit/source.ts";
import type { Core } from "./core.ts";

export interface PointList {
  readonly asset: AssetId;
  /** SHA-256, hexadecimal: the same for the same points in the same order. */
  readonly digest: string;
  /** One at least. */
  readonly pages: readonly { readonly page: number; readonly points: PointSpec[]; readonly isLast: boolean }[];
}

export function listPoints(asset: AssetId, points: readonly PointSpec[]): PointList {
  const hash = createHash("sha256");
  for (const point of points) hash.update(JSON.stringify(point));
  const count = Math.max(1, Math.ceil(points.length / POINTS_PER_PAGE));
  const pages = Array.from({ length: count }, (_, page) => ({ page, points: points.slice(page * POINTS_PER_PAGE, (page + 1) * POINTS_PER_PAGE), isLast: page === count - 1 }));
  return { asset, digest: hash.digest("hex"), pages };
}

/** Resolves with true when all lists are in force; false where core lost what it was told before, or takes this asset no more: it is to be asked again. */
export async function tellPoints(core: Pick<Core, "points">, assignment: string, lists: readonly PointList[], signal: AbortSignal): Promise<boolean> {
  let isTold = true;
  for (const { asset, digest, pages } of lists) {
    let isInForce = false;
    for (const page of pages) isInForce = await core.points({ assignment, asset, list: digest, ...page }, signal);
    isTold &&= isInForce;
  }
  return isTold;
}
