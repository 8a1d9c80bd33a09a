// Shows that a changed setting leaves the rest of the file as its author wrote it.

import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { parse } from "yaml";
import { changeSetting } from "../../../firmware/config/change-setting.ts";
import type { Path } from "../../../firmware/config/problems.ts";
import { assert, suite } from "../../support/suite.ts";

const text = `# The gateway of hall 3.

gateway:
  id: hall-3      # as printed on the case
  name: "Hall 3"  # for people

cloud:
    # ordered 2026-03
    url:   mqtts://broker.example:8883
    batch: {maxCount: 500,   lingerMs: 5}   # tuned

segments:
- name: line-1   # the old one
  subnets: [10.0.0.0/24]

# the end
`;

const table: Readonly<Record<string, { readonly path: Path; readonly value: unknown; readonly from: string; readonly to: string }>> = {
  "a number": { path: ["cloud", "batch", "maxCount"], value: 700, from: "maxCount: 500,", to: "maxCount: 700," },
  "a text": { path: ["gateway", "id"], value: "hall-4", from: "id: hall-3 ", to: "id: hall-4 " },
  "a text that needs quotes": { path: ["gateway", "id"], value: "7", from: "id: hall-3 ", to: 'id: "7" ' },
  "a quoted text": { path: ["gateway", "name"], value: "Hall 4", from: '"Hall 3"', to: "Hall 4" },
  "an item of a list": { path: ["segments", 0, "subnets", 0], value: "10.1.0.0/24", from: "10.0.0.0/24", to: "10.1.0.0/24" },
  "a new key in a section": { path: ["cloud", "order"], value: "strict", from: "# tuned\n", to: "# tuned\n    order: strict\n" },
  "a new key in a list's item": { path: ["segments", 0, "note"], value: "x", from: "[10.0.0.0/24]\n", to: "[10.0.0.0/24]\n  note: x\n" },
  "a new group in a section": { path: ["cloud", "password", "secret"], value: "cloud", from: "# tuned\n", to: "# tuned\n    password:\n      secret: cloud\n" },
  "a new section": { path: ["log", "level"], value: "debug", from: "subnets: [10.0.0.0/24]\n", to: "subnets: [10.0.0.0/24]\nlog:\n  level: debug\n" },
};

suite("configuration, changing one setting", (test) => {
  for (const [name, { path, value, from, to }] of Object.entries(table)) {
    test(`${name} changes its own characters only`, () => {
      assert.is(text.split(from).length, 2);
      assert.fixture(changeSetting(text, path, value), text.replace(from, to));
    });
  }
  test("a setting that is taken out leaves the comments of the others", () => {
    const changed = changeSetting(text, ["cloud", "batch"], undefined);
    assert.equal(parse(changed), { ...parse(text), cloud: { url: "mqtts://broker.example:8883" } });
    for (const comment of ["# The gateway of hall 3.", "# as printed on the case", "# for people", "# ordered 2026-03", "# the old one", "# the end"]) assert.ok(changed.includes(comment), comment);
  });
  test("a group in place of a value keeps the comment beside it", () => {
    const changed = changeSetting(text, ["segments", 0, "subnets"], ["10.1.0.0/24", "10.2.0.0/24"]);
    assert.ok(changed.includes("- name: line-1 # the old one"));
    assert.ok(changed.includes("[10.1.0.0/24, 10.2.0.0/24]"));
  });
  test("an empty file and an empty section take a first setting", () => {
    assert.equal(parse(changeSetting("", ["log", "level"], "warn")), { log: { level: "warn" } });
    assert.equal(parse(changeSetting("# only words\n", ["log", "level"], "warn")), { log: { level: "warn" } });
    assert.ok(changeSetting("# only words\n", ["log", "level"], "warn").includes("# only words"));
    assert.equal(parse(changeSetting("log:\n  # level: info\ngateway: {}\n", ["log", "level"], "warn")), { log: { level: "warn" }, gateway: {} });
    assert.equal(parse(changeSetting("assets:\n", ["assets", 0, "name"], "a")), { assets: [{ name: "a" }] });
  });
  test("a path through a value that is no group is refused", () => {
    assert.throws(() => changeSetting(text, ["gateway", "id", "part"], 1), "INPUT_INVALID");
  });
  test("whatever is set is what is then read, and nothing else changes", () => {
    const paths = fc.constantFrom<Path>(["gateway", "id"], ["gateway", "name"], ["cloud", "url"], ["cloud", "batch", "lingerMs"], ["cloud", "user"], ["log", "level"], ["segments", 0, "name"]);
    const values = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }), fc.constantFrom("# no", "- x", "a: b", " ", "null", "1e3", "*a", "multi\nline\n", '"'));
    fc.assert(fc.property(paths, values, (path, value) => isDeepStrictEqual(parse(changeSetting(text, path, value)), withSetting(path, value))), { numRuns: 500 });
  });
});

function withSetting(path: Path, value: unknown): unknown {
  const copy: unknown = parse(text);
  let group = copy as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) group = (group[part] ??= {}) as Record<string | number, unknown>;
  group[path.at(-1) ?? ""] = value;
  return copy;
}
