// Shows what host writes down for the rules of other network namespaces: each its own part, which gives the same rules as the whole, exactly while something is to be loaded.

import { readFileSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import { FirewallRequestSchema, type FirewallRequest } from "../../../firmware/conduit/host.ts";
import { toFirewallRequest } from "../../../firmware/core/host/firewall-request.ts";
import { partFor, placeNamespaceRules } from "../../../firmware/host/namespace-rules.ts";
import { deriveWalls } from "../../../firmware/protocol/firewall/derive-flows.ts";
import { renderRuleset } from "../../../firmware/protocol/firewall/ruleset.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { readTopology } from "../../walls/town.ts";

const whole = (): FirewallRequest => toFirewallRequest(readTopology("shared-subnets"));

suite("rules of other network namespaces", (test) => {
  test("a namespace's part fits the schema, names nothing of another, and gives the same rules as the whole", () => {
    const request = whole();
    for (const name of ["cell-a", "cell-b"]) {
      const part = Compile(FirewallRequestSchema).Parse(partFor(name, request));
      assert.is(renderRuleset(deriveWalls(part, name)), renderRuleset(deriveWalls(request, name)));
      assert.equal([part.segments.map((one) => one.name), part.assets.map(({ segment }) => segment), part.cloud, part.network?.admin], [[name], [name], undefined, undefined]);
    }
  });

  test("it is there when it has changed, until it is taken, and not again while it is the same; what is named no more is closed", ({ defer }) => {
    const folder = join(makeTempDir(defer), "rules");
    const take = (name: string): void => renameSync(join(folder, `${name}.new`), join(folder, `${name}.json`));
    const listed = (): readonly string[] => readdirSync(folder).sort();
    const request = whole();
    placeNamespaceRules(folder, request);
    assert.equal(listed(), ["cell-a.new", "cell-b.new"]);
    take("cell-a");
    take("cell-b");
    placeNamespaceRules(folder, request);
    assert.equal(listed(), ["cell-a.json", "cell-b.json"]);
    const later = { name: "later", segment: "cell-b", config: ["http://192.168.0.22:8080/"] };
    placeNamespaceRules(folder, { ...request, assets: [...request.assets, later] });
    assert.equal(listed(), ["cell-a.json", "cell-b.json", "cell-b.new"]);
    // Before it was taken it returns to what the namespace has: that is loaded once more.
    placeNamespaceRules(folder, request);
    assert.is(readFileSync(join(folder, "cell-b.new"), "utf8"), readFileSync(join(folder, "cell-b.json"), "utf8"));
    take("cell-b");
    const { network } = request;
    assert.ok(network !== undefined);
    placeNamespaceRules(folder, { ...request, network: { ...network, field: network.field.filter(({ namespace }) => namespace !== "cell-b") } });
    const closed = Compile(FirewallRequestSchema).Parse(JSON.parse(readFileSync(join(folder, "cell-b.new"), "utf8")));
    assert.equal(deriveWalls(closed, "cell-b").flows, []);
    assert.equal(listed(), ["cell-a.json", "cell-b.json", "cell-b.new"]);
  });
});
