// Shows that the generated documents say what the code says, and that what stands in docs/ can be relied on.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TSchema } from "typebox";
import Schema from "typebox/schema";
import { Value } from "typebox/value";
import { parse } from "yaml";
import { driverSchemas } from "../../drivers/schemas.ts";
import { asJsonSchema } from "../../firmware/config/json-schema.ts";
import { listSettings } from "../../firmware/config/list-settings.ts";
import { loadConfiguration } from "../../firmware/config/load.ts";
import { ConfigurationSchema } from "../../firmware/config/schema.ts";
import { germanSettings } from "../../firmware/config/texts-de.ts";
import { InventorySchema, LinkStatusSchema, TaskProgressSchema, TelemetrySchema, TOPICS } from "../../firmware/protocol/cloud-payloads.ts";
import { GENERATED } from "../../scripts/docs/index.ts";
import { inventoryExample, statusExample, taskExample, telemetryExample, willExample } from "../../scripts/docs/payload-examples.ts";
import { assert, suite } from "../support/suite.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

function fits(path: string, value: unknown): boolean {
  return Schema.Check(JSON.parse(read(path)) as TSchema, value);
}

suite("generated documents", (test) => {
  for (const { path, write } of GENERATED) {
    test(`${path} is what the code says (else: make docs)`, () => {
      assert.is(write(), write());
      assert.fixture(write(), read(path));
    });
  }
  test("no two of them are the same file", () => assert.is(new Set(GENERATED.map(({ path }) => path)).size, GENERATED.length));
});

suite("configuration reference", (test) => {
  const paths = listSettings(asJsonSchema(ConfigurationSchema)).map(({ path }) => path);

  test("every setting has a German text, and every German text a setting", () => {
    assert.equal(Object.keys(germanSettings).sort(), [...paths].sort());
    for (const path of paths) assert.ok((germanSettings[path] ?? "").length > 0, path);
  });
  test("both languages have a row or a section for every setting", () => {
    for (const page of ["docs/configuration.md", "docs/configuration.de.md"]) {
      const text = read(page);
      for (const path of paths) assert.ok(text.includes(`| \`${path}\` |`) || text.includes(`## ${path}\n`), `${page} lacks ${path}`);
      for (const driver of Object.keys(driverSchemas)) assert.match(text, new RegExp(`^## \\w+ ${driver}$`, "m"));
    }
  });
});

suite("examples", (test) => {
  for (const name of readdirSync(join(root, "docs/examples")).filter((file) => file.endsWith(".yaml"))) {
    test(`docs/examples/${name} can be used as it stands, also by the schema for editors`, () => {
      loadConfiguration(readFileSync(join(root, "docs/examples", name)), name);
      assert.ok(fits("docs/schema/weir.schema.json", parse(read(`docs/examples/${name}`))));
    });
  }
  test("the schema for editors refuses what the loader refuses", () => {
    for (const text of ["lgo: {}", "outbox: {maxAge: 30y}", "cloud: {user: weir}", "assets: [{name: press}]", 'cloud: {url: "mqtts://a", password: plain}']) {
      assert.not(fits("docs/schema/weir.schema.json", parse(text)), text);
      assert.throws(() => loadConfiguration(text, "weir.yaml"), "CONFIG_INVALID");
    }
  });
  test("the schema for editors takes an empty file and empty sections as the loader does", () => {
    for (const text of ["{}", "log:\ncloud:\nassets:\n"]) {
      assert.ok(fits("docs/schema/weir.schema.json", parse(text)), text);
      loadConfiguration(text, "weir.yaml");
    }
  });
  test("the payloads' examples fit their schemas", () => {
    const examples = [["telemetry", TelemetrySchema, telemetryExample], ["inventory", InventorySchema, inventoryExample], ["status", LinkStatusSchema, statusExample], ["status", LinkStatusSchema, willExample], ["task", TaskProgressSchema, taskExample]] as const;
    for (const [name, schema, example] of examples) {
      assert.ok(Value.Check(schema, example), name);
      assert.ok(fits(`docs/schema/${name}.schema.json`, example), name);
      assert.ok(fits(`docs/schema/${name}.schema.json`, { ...example, added: "by a later version" }), name);
      assert.not(fits(`docs/schema/${name}.schema.json`, { ...example, gateway: 5 }), name);
    }
  });
});

suite("AsyncAPI", (test) => {
  const document: unknown = parse(read("docs/asyncapi.yaml"));

  test("has a channel for each topic, and every reference in it leads somewhere", () => {
    const channels = Object.values((document as { channels: Record<string, { address: string }> }).channels);
    assert.equal(channels.map(({ address }) => address).sort(), Object.values(TOPICS).sort());
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = ""]) => reference);
    assert.ok(references.length > 10);
    for (const reference of references) {
      if (reference.startsWith("./")) assert.ok(existsSync(join(root, "docs", reference)), reference);
      else assert.ok(Value.Pointer.Get(document, reference.slice(1)) !== undefined, reference);
    }
  });
});

suite("documents", (test) => {
  test("no link to a file leads nowhere", () => {
    for (const page of readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"))) {
      const file = join(root, "docs", page);
      for (const [, target = ""] of readFileSync(file, "utf8").matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)) assert.ok(existsSync(join(dirname(file), target)), `docs/${page} links to ${target}`);
    }
  });
});
