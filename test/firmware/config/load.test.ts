// Shows what a configuration that can be used is loaded as, and that no text whatever brings the loader down.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Document } from "yaml";
import { isFault } from "../../../drivers/contract/fault.ts";
import { asJsonSchema, type JsonSchema } from "../../../firmware/config/json-schema.ts";
import { inspectConfiguration, loadConfiguration, readConfigurationFile } from "../../../firmware/config/load.ts";
import { MOST_BYTES } from "../../../firmware/config/parse-text.ts";
import { MOST_PROBLEMS } from "../../../firmware/config/problems.ts";
import { ConfigurationSchema } from "../../../firmware/config/schema.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const load = (text: string | Uint8Array) => loadConfiguration(text, "weir.yaml").configuration;

const defaults = {
  gateway: {},
  equipment: {},
  segments: [],
  assets: [],
  acceptance: [],
  outbox: { maxAge: 30 * 86_400_000, watermark: { maxFraction: 0.85, reserveBytes: 67_108_864 } },
  log: { level: "info" },
  page: { enabled: true, names: [] },
  accounts: {
    banner: "For authorised persons only. What is done here is recorded.\nNur für Befugte. Was hier geschieht, wird aufgezeichnet.",
    secondFactor: ["systemadministrator", "service"],
    groups: { operators: "customer", "set-up": "customer", engineering: "analyst", "quality-management": "analyst", maintenance: "service", administration: "systemadministrator" },
  },
  contacts: {},
};

const machine = (name: string, settings = "") => `  - name: ${name}\n    miko: {url: "http://192.168.10.5/api"${settings}}\n`;

suite("configuration, loading", (test) => {
  for (const [name, text] of Object.entries({
    "an empty file": "",
    "a file of comments": "# nothing\n\n# yet\n",
    "an empty document": "---\n",
    "a byte order mark": "\uFEFFlog: {level: info}\n",
    "Windows line ends": "log:\r\n  level: info\r\n",
    "sections whose lines are all commented out": "log:\n#  level: debug\noutbox:\nsegments:\ncloud:\n",
    JSON: '{"log": {"level": "info"}}',
  })) {
    test(`${name} is loaded with the schema's defaults`, () => assert.equal(load(text), defaults));
  }

  test("an asset's driver key becomes its driver and the driver's checked settings", () => {
    const asset = load(`assets:\n${machine("press", ", pollInterval: 2s")}`).assets[0];
    assert.is(asset?.driver, "miko");
    assert.ok(asset !== undefined && !("miko" in asset));
    const { url, pollInterval, publish } = asset.config as Record<string, unknown>;
    assert.equal({ url, pollInterval, publish }, { url: "http://192.168.10.5/api", pollInterval: 2000, publish: true });
  });

  for (const [written, ms] of [["30s", 30_000], ["4h", 14_400_000], ["1.5h", 5_400_000], ["500 ms", 500], ["2min", 120_000], ["1d", 86_400_000], ["90000", 90_000]] as const) {
    const isShort = ms < 60_000;
    test(`the duration ${written} is loaded as ${ms} milliseconds`, () => {
      const text = isShort ? `assets:\n${machine("press", `, pollInterval: ${written}`)}` : `outbox: {maxAge: ${written}}`;
      const { assets, outbox } = load(text);
      const config = assets[0]?.config as { pollInterval: number } | undefined;
      assert.is(isShort ? config?.pollInterval : outbox.maxAge, ms);
    });
  }

  test("mqtt:// without TLS is taken for this host only", () => {
    for (const host of ["127.0.0.1", "[::1]", "localhost"]) assert.is(load(`cloud: {url: "mqtt://${host}:1883"}`).cloud?.url, `mqtt://${host}:1883`);
    for (const host of ["127.0.0.1.example", "10.0.0.1", "[fd00::1]"]) assert.throws(() => load(`cloud: {url: "mqtt://${host}:1883"}`), "CONFIG_INVALID");
  });

  test("a machine in its segment is taken, by IPv4 and by IPv6", () => {
    const text = 'segments: [{name: hall, subnets: [192.168.10.0/24, "fd00:1::/64"]}]\nassets:\n  - {name: a, segment: hall, miko: {url: "http://192.168.10.5/"}}\n  - {name: b, segment: hall, miko: {url: "http://[fd00:1::5]/"}}\n';
    assert.is(load(text).assets.length, 2);
  });

  test("the loaded value is frozen all through", () => {
    const configuration = load(`assets:\n${machine("press")}`);
    assert.throws(() => Object.assign(configuration.outbox.watermark, { maxFraction: 1 }), /read only/);
    assert.throws(() => Object.assign(configuration.assets[0]?.config as object, { url: "" }), /read only/);
  });

  test("two loads share nothing", () => assert.is.not(load("").outbox.watermark, load("").outbox.watermark));
});

suite("configuration, hostile text", (test) => {
  const only = (text: string | Uint8Array): string => {
    const { problems, configuration } = inspectConfiguration(text);
    assert.is(configuration, undefined);
    return problems[0]?.message ?? "";
  };

  test("a file over 1 MiB is refused before it is parsed", () => assert.match(only(`# ${"x".repeat(MOST_BYTES)}`), /more than 1048576/));
  test("brackets that nest a hundred thousand deep are refused", () => assert.match(only("[".repeat(100_000)), /nested|indentation|bracket/));
  test("a map of ten thousand keys is told in bounded lines and time", () => {
    const { problems } = inspectConfiguration(Array.from({ length: 10_000 }, (_, index) => `key${index}: 1\n`).join(""));
    assert.is(problems.length, MOST_PROBLEMS + 1);
    assert.match(problems.at(-1)?.message ?? "", /more faults/);
  });
  test("a key that stands ten thousand times is told in bounded lines and time", () => {
    assert.match(only("a: 1\n".repeat(10_000)), /second time/);
  });

  test("no text brings the loader down: it gives a configuration or CONFIG_INVALID", () => {
    const yamlish = fc.array(fc.constantFrom("log:", "cloud:", "assets:", "  ", "- ", "\n", "{", "}", "[", "]", "&a ", "*a", "!!x ", ": ", "? ", "|", ">", "\t", '"', "'", "#", "---\n", "...\n", "name", "miko", "secret", "0x1F", "~", "<<: ", "\u0000", "é", "\uFEFF", "%YAML 1.1\n")).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), yamlish, fc.uint8Array()), (text) => staysCalm(text)),
      { numRuns: 1000 },
    );
  });

  test("no value of any shape brings the loader down", () => {
    const key = fc.oneof(fc.constantFrom("gateway", "cloud", "assets", "segments", "name", "subnets", "miko", "url", "batch", "password", "secret", "__proto__", "constructor"), fc.string());
    const { tree } = fc.letrec((tie) => ({
      leaf: fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constantFrom("mqtts://a", "10.0.0.0/8", "30s")),
      tree: fc.oneof({ depthSize: "small" }, tie("leaf"), fc.array(tie("tree"), { maxLength: 4 }), fc.dictionary(key, tie("tree"), { maxKeys: 5 })),
    }));
    fc.assert(
      fc.property(tree, (value) => staysCalm(new Document(value).toString())),
      { numRuns: 1000 },
    );
  });
}, { limitMs: 60_000 });

function staysCalm(text: string | Uint8Array): boolean {
  try {
    loadConfiguration(text, "weir.yaml");
    return true;
  } catch (error) {
    return isFault(error, "CONFIG_INVALID") && error.message.split("\n").every((line) => /^weir\.yaml:[1-9]\d*:[1-9]\d*: ./.test(line));
  }
}

suite("configuration, its file", (test) => {
  test("a missing file is told with what to do", async ({ signal, defer }) => {
    const file = join(makeTempDir(defer), "weir.yaml");
    const error = await assert.rejects(readConfigurationFile(file, signal), "CONFIG_INVALID");
    assert.match(String(error), /weir\.yaml: there is no configuration file here\. Name the file with --config/);
  });
  test("a folder and a file that is too large are refused", async ({ signal, defer }) => {
    const folder = makeTempDir(defer);
    assert.match(String(await assert.rejects(readConfigurationFile(folder, signal), "CONFIG_INVALID")), /cannot be read/);
    writeFileSync(join(folder, "large"), Buffer.alloc(MOST_BYTES + 1));
    await assert.rejects(readConfigurationFile(join(folder, "large"), signal), /more than/);
  });
});

suite("configuration, schema", (test) => {
  const known = new Set(["type", "description", "default", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format", "expects", "unit", "shortest", "longest", "secretReference"]);

  test("uses no keyword that the check does not know", () => {
    for (const { path, schema } of walk(asJsonSchema(ConfigurationSchema), "")) for (const keyword of Object.keys(schema)) assert.ok(known.has(keyword), `${path} uses ${keyword}`);
  });
  test("describes every setting, and refuses unknown keys in every group", () => {
    for (const { path, schema, isBranch } of walk(asJsonSchema(ConfigurationSchema), "")) {
      if (!isBranch && !path.endsWith("[]")) assert.ok((schema.description ?? "").length > 0, `${path} has no description`);
      if (schema.type === "object") assert.is(schema.additionalProperties, false, path);
    }
  });
  test("names a unit for every number", () => {
    for (const { path, schema, isBranch } of walk(asJsonSchema(ConfigurationSchema), "")) if (!isBranch && (schema.type === "integer" || schema.type === "number")) assert.ok(schema.unit !== undefined, `${path} has no unit`);
  });
  test("says in words what each pattern asks for", () => {
    for (const { path, schema, isBranch } of walk(asJsonSchema(ConfigurationSchema), "")) if (!isBranch && schema.pattern !== undefined) assert.ok(schema.expects !== undefined, `${path} has a pattern without words`);
  });
});

function* walk(schema: JsonSchema, path: string, isBranch = false): Generator<{ path: string; schema: JsonSchema; isBranch: boolean }> {
  yield { path, schema, isBranch };
  for (const [key, property] of Object.entries(schema.properties ?? {})) yield* walk(property, `${path}.${key}`);
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`);
  for (const branch of schema.anyOf ?? []) yield* walk(branch, path, true);
}
