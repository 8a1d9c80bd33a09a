// Each folder in cases/ is a configuration and every line that the loader has to say about it.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { driverSchemas } from "../../../drivers/schemas.ts";
import { inspectConfiguration, loadConfiguration } from "../../../firmware/config/load.ts";
import { writeProblem } from "../../../firmware/config/problems.ts";
import { listWords } from "../../../firmware/config/words.ts";
import { assert, suite } from "../../support/suite.ts";

// The cases do not change with each driver that is added.
const knownDrivers = `Known drivers: ${listWords(Object.keys(driverSchemas), "and")}.`;
const folder = join(import.meta.dirname, "cases");

suite("configuration, faults", (test) => {
  for (const name of readdirSync(folder).sort()) {
    test(`${name.replaceAll("-", " ")}: every fault is told with line, reason and remedy`, () => {
      const text = readFileSync(join(folder, name, "weir.yaml"));
      const { problems, configuration } = inspectConfiguration(text);
      const lines = problems.map((problem) => writeProblem("weir.yaml", problem).replace(knownDrivers, "Known drivers: …."));
      const file = join(folder, name, "expected.txt");
      // A new case writes what is said now, to be read and committed; a case that exists is only compared.
      if (!existsSync(file) && process.env["WEIR_WRITE_CASES"] === "1") writeFileSync(file, `${lines.join("\n")}\n`);
      assert.fixture(`${lines.join("\n")}\n`, readFileSync(file, "utf8"));
      assert.is(configuration, undefined);
      const fault = assert.throws(() => loadConfiguration(text, "weir.yaml"), "CONFIG_INVALID");
      assert.is(fault instanceof Error ? fault.message.replaceAll(knownDrivers, "Known drivers: ….") : "", lines.join("\n"));
    });
  }

  test("no fault repeats a secret that stands in the configuration", () => {
    for (const name of readdirSync(folder)) assert.not.match(readFileSync(join(folder, name, "expected.txt"), "utf8"), /hunter2|12345/i);
  });
});
