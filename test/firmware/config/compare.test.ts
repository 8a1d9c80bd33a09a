// Shows which changes of a configuration reach the running gateway.

import { compareMarks, markParts } from "../../../firmware/config/compare.ts";
import { loadConfiguration } from "../../../firmware/config/load.ts";
import { ConfigurationSchema } from "../../../firmware/config/schema.ts";
import { assert, suite } from "../../support/suite.ts";

const compare = (before: string, after: string) => compareMarks(markParts(loadConfiguration(before, "a").configuration), markParts(loadConfiguration(after, "b").configuration));
const nothing = { applied: [], needsRestart: [] };

suite("configuration, comparing", (test) => {
  test("the same settings written in another way are no change", () => {
    assert.equal(compare("log: {level: info}", ""), nothing);
    assert.equal(compare("outbox: {maxAge: 24h}", "outbox: {maxAge: 1d}"), nothing);
    assert.equal(compare("equipment: {site: a, area: b}", "equipment: {area: b, site: a}"), nothing);
  });
  test("assets, segments, equipment, cloud, outbox limits, log and the gateway's name are applied at once", () => {
    const after = 'gateway: {name: a}\nequipment: {site: s}\nsegments: [{name: x, subnets: [10.0.0.0/8]}]\nassets: [{name: m, miko: {url: "http://10.0.0.1/"}}]\ncloud: {url: "mqtts://b"}\noutbox: {maxAge: 1d}\nlog: {level: debug}\n';
    assert.equal(compare("", after), { applied: ["gateway.name", "equipment", "segments", "assets", "cloud", "outbox", "log"], needsRestart: [] });
  });
  test("another set of network namespaces waits for a restart; a segment that changes over to one that runs does not", () => {
    const cells = (...namespaces: readonly string[]): string => `segments: [${namespaces.map((_, index) => `{name: c${index}, subnets: [10.${index}.0.0/24]}`).join(", ")}]\nnetwork: {field: [${namespaces.map((namespace, index) => `{segment: c${index}, interface: e${index}${namespace}}`).join(", ")}]}\n`;
    assert.equal(compare(cells("", ""), cells("", ", namespace: b")), { applied: ["network"], needsRestart: ["network.field[].namespace"] });
    assert.equal(compare(cells("", ", namespace: b", ", namespace: c"), cells(", namespace: c", ", namespace: b", ", namespace: c")), { applied: ["network"], needsRestart: [] });
  });
  test("U4.8.2d every section is compared, so that no change of it goes by the audit log", () => {
    const parts = [...markParts(loadConfiguration("", "a").configuration).keys()].map((name) => name.split(".")[0]);
    for (const section of Object.keys(ConfigurationSchema.properties)) assert.ok(parts.includes(section), section);
  });
  test("the gateway's id waits for a restart", () => {
    assert.equal(compare("gateway: {id: a}", "gateway: {id: b}\nlog: {level: warn}"), { applied: ["log"], needsRestart: ["gateway.id"] });
  });
});
