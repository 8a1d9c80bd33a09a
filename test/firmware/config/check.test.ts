// Shows what a new text of the configuration is said to change.

import { checkConfiguration } from "../../../firmware/config/check.ts";
import { checkApart } from "../../../firmware/config/inspect-apart.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../support/suite.ts";

const press = (name: string, more = ""): string => `  - {name: ${name}, miko: {url: "https://10.0.0.7/", tls: {pin: "${"ab".repeat(32)}"}${more}}}\n`;

function changes(text: string, before: string): readonly string[] {
  const checked = checkConfiguration(text, before);
  assert.equal(checked.problems, []);
  return checked.changes;
}

suite("configuration, checking a change", (test) => {
  test("each setting that would change is named with both values, defaults counted", () => {
    assert.equal(changes("log: {level: debug}\n", ""), ['log.level: "info" → "debug"']);
    assert.equal(changes("# only a comment\n", "log: {level: info}\n"), []);
  });
  test("machines are told apart by their names, whatever their order", () => {
    const before = `assets:\n${press("a")}${press("b")}`;
    assert.equal(changes(`assets:\n${press("b")}${press("a")}`, before), []);
    const [added, ...rest] = changes(`assets:\n${press("new")}${press("a")}${press("b")}`, before);
    assert.equal(rest, []);
    assert.match(added ?? "", /^assets\.new: not set → \{"name":"new"/);
    assert.equal(changes(`assets:\n${press("a")}${press("b").replace("10.0.0.7", "10.0.0.8")}`, before), ['assets.b.miko.url: "https://10.0.0.7/" → "https://10.0.0.8/"']);
  });
  test("a secret is told by its name", () => {
    const withSecret = (name: string): string => `assets:\n${press("a", `, credentials: {user: weir, password: {secret: ${name}}}`)}`;
    assert.equal(changes(withSecret("new-one"), withSecret("old-one")), ['assets.a.miko.credentials.password: the secret "old-one" → the secret "new-one"']);
  });
  test("a text with problems changes nothing, and each problem names its setting and its place", () => {
    const { problems, changes: none } = checkConfiguration("\nlog:\n  level: loud\n", "");
    assert.equal(none, []);
    assert.equal(problems.map(({ line, column, setting }) => ({ line, column, setting })), [{ line: 3, column: 10, setting: "log.level" }]);
  });
  test("a password that somebody wrote into the text is not repeated", () => {
    const { problems } = checkConfiguration(`assets:\n${press("a", ", credentials: {user: weir, password: hunter2hunter2}")}`, "");
    assert.ok(problems.length > 0);
    assert.ok(!JSON.stringify(problems).includes("hunter2"));
  });
  test("of more than 500 changes it says how many more there are", () => {
    const all = changes(`assets:\n${Array.from({ length: 600 }, (_, index) => press(`m${index}`)).join("")}`, "");
    assert.is(all.length, 500);
    assert.match(all.at(-1) ?? "", /and 101 more/);
  });
  test("in a thread it says the same", async ({ signal }) => {
    const before = `assets:\n${press("a")}`;
    for (const text of [`assets:\n${press("b")}`, "lgo: 1\n"]) {
      for (const inPlaceBytes of [0, 1_000_000]) assert.equal(await checkApart(text, before, { clock: systemClock, inPlaceBytes }, signal), checkConfiguration(text, before));
    }
  });
}, { limitMs: 30_000 });
