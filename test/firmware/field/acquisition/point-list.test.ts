// Shows that the points of a machine reach core page by page in their order, and that a list which core lost in between is told as such.

import type { PointSpec } from "../../../../drivers/contract/driver.ts";
import { POINTS_PER_PAGE } from "../../../../firmware/conduit/source.ts";
import type { Core } from "../../../../firmware/field/acquisition/core.ts";
import { listPoints, tellPoints } from "../../../../firmware/field/acquisition/point-list.ts";
import { assert, suite } from "../../../support/suite.ts";

type Page = Parameters<Core["points"]>[0];

const pointsOf = (count: number): PointSpec[] => Array.from({ length: count }, (_, index) => ({ id: `p${index}`, name: "P", dataType: "number", access: "read" }));

/** A core that has a list in force with its last page, unless it `forgets`. */
function keep(forgets = false): { readonly pages: Page[]; readonly core: Pick<Core, "points"> } {
  const pages: Page[] = [];
  return { pages, core: { points: (page) => Promise.resolve(pages.push(page) > 0 && page.isLast && !forgets) } };
}

suite("list of points", (test) => {
  test("goes page by page, in its order, the last one marked", async ({ signal }) => {
    const points = pointsOf(2 * POINTS_PER_PAGE + 1);
    const { pages, core } = keep();
    assert.ok(await tellPoints(core, "press-1", [listPoints("urn:a", points)], signal));
    assert.equal(pages.map(({ page, isLast, points: { length } }) => [page, isLast, length]), [[0, false, POINTS_PER_PAGE], [1, false, POINTS_PER_PAGE], [2, true, 1]]);
    assert.equal(pages.flatMap((page) => page.points), points);
    assert.equal([...new Set(pages.map(({ assignment, asset, list }) => `${assignment} ${asset} ${list.length}`))], ["press-1 urn:a 64"]);
  });
  test("has one page where there is no point", async ({ signal }) => {
    const { pages, core } = keep();
    assert.ok(await tellPoints(core, "press-1", [listPoints("urn:a", [])], signal));
    assert.equal(pages.map(({ page, isLast, points }) => [page, isLast, points.length]), [[0, true, 0]]);
  });
  test("has the same digest for the same points and another one for others, or for another order", () => {
    const digest = (points: readonly PointSpec[]): string => listPoints("urn:a", points).digest;
    assert.is(digest(pointsOf(3)), digest(pointsOf(3)));
    assert.is.not(digest(pointsOf(3)), digest(pointsOf(4)));
    assert.is.not(digest(pointsOf(3)), digest(pointsOf(3).toReversed()));
  });
  test("is not told as long as core does not have all of every list", async ({ signal }) => {
    assert.not(await tellPoints(keep(true).core, "press-1", [listPoints("urn:a", pointsOf(1)), listPoints("urn:b", pointsOf(1))], signal));
    assert.ok(await tellPoints(keep().core, "press-1", [], signal));
  });
});
