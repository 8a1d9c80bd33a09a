// Shows that lists of assets come back as they went out, that a spreadsheet runs nothing in them, and that each fault is told at its place.
// limit: 900s

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { LINE_COLUMNS } from "../../../firmware/cli/assets-columns.ts";
import { writeLines, writeRegister } from "../../../firmware/cli/assets-csv.ts";
import { escapeFormula, unescapeFormula } from "../../../firmware/cli/assets-formula.ts";
import { readLines } from "../../../firmware/cli/assets-lines.ts";
import { findNews } from "../../../firmware/cli/assets-news.ts";
import type { AssetLine } from "../../../firmware/conduit/assets.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { FINGERPRINT, entryOf, serveRegister } from "./fake-register.ts";

const NAMES = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Texts made of what makes trouble in lists, and any other. */
const trouble = fc.string({ unit: fc.constantFrom("=", "+", "-", "@", "'", '"', ",", ";", "\t", "\n", "\r", " ", "a", "ä", "\ufeff", "\uff1d"), maxLength: 12 });
const anyText = fc.oneof(trouble, fc.string({ unit: "grapheme", maxLength: 40 }), fc.constantFrom("", "-", "'-", "=1+1", "=cmd|'/c calc'!A1", "+49 228", "@SUM(A1)", "0012"));
const optional = (column: keyof AssetLine): fc.Arbitrary<string> => (column === "pin" ? fc.constantFrom(FINGERPRINT, "") : anyText);
const anyLine = fc.record({ ...Object.fromEntries(LINE_COLUMNS.map((column) => [column, optional(column)])), name: fc.stringMatching(NAMES) }, { requiredKeys: ["name"], noNullPrototype: true });
const anyList = fc.uniqueArray(anyLine as fc.Arbitrary<AssetLine>, { selector: ({ name }) => name, maxLength: 20 });

const problemsOf = (text: string): readonly string[] => readLines(text).problems.map(({ line, column, message, remedy }) => `${line}:${column}: ${message} ${remedy ?? ""}`);

suite("lists of assets", (test) => {
  test("every list comes back as it went out, separated by commas or as Excel wants it", () => {
    fc.assert(
      fc.property(anyList, fc.boolean(), (lines, forExcel) => {
        const text = writeLines(lines, forExcel);
        const read = readLines(text.replace(/^\ufeff/, ""));
        assert.equal(read.problems, []);
        assert.equal(read.lines, lines);
      }),
      { numRuns: 300 },
    );
  });
  test("no text becomes a formula, where the separator is another one neither, and each comes back", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = escapeFormula(text);
        assert.not.match(escaped, /(?:^|[;,\t\r\n])(?:[^\S\t\r\n]|")*[=+\-@\uff1d\uff0b\uff0d\uff20]/);
        assert.is(unescapeFormula(escaped), text);
      }),
      { numRuns: 2000 },
    );
    assert.is(escapeFormula("=1+1"), "'=1+1");
    assert.is(escapeFormula('Press;"=HYPERLINK(1)'), `Press;'"=HYPERLINK(1)`);
    assert.is(escapeFormula("Press-4"), "Press-4");
  });
  test("the register goes out with what only the gateway knows, and comes back without it", () => {
    const entries = [
      entryOf("cutter-1", { name: "cutter-1", state: "accepted", id: "urn:1", equipment: { site: "Dierikon", workUnit: "7" }, note: "=1+1" }),
      entryOf("urn:found"),
    ];
    const text = writeRegister(entries);
    assert.is(text.split("\r\n")[0], "name,manufacturer,model,serialNumber,productInstanceUri,softwareRevision,deviceClass,driver,url,segment,pin,site,area,workCenter,workUnit,note,id,state,address,presence,fingerprint,firstSeen,lastSeen");
    const { lines, leftOut, problems } = readLines(text);
    assert.equal(problems, []);
    assert.is(leftOut, 1);
    assert.equal(lines, [{ name: "cutter-1", manufacturer: "Weir", model: "Press", serialNumber: "4711", driver: "miko", url: "https://192.0.2.7:8443/miko/", segment: "cutting", site: "Dierikon", workUnit: "7", note: "=1+1" }]);
  });
  test("commas, semicolons and tabs are told apart by the header, quoted line ends belong to their cell, empty lines to nothing", () => {
    const expected = [{ name: "a", model: "x,y;z", note: "one\r\ntwo" }, { name: "b" }];
    for (const separator of [",", ";", "\t"]) {
      assert.equal(readLines(["name", "model", "note"].join(separator) + `\r\na${separator}"x,y;z"${separator}"one\r\ntwo"\r\n\r\n${separator}${separator}\r\nb${separator}${separator}\r\n`).lines, expected);
    }
    assert.equal(readLines("sep=;\r\nNAME;Model\r\na;x\r\n").lines, [{ name: "a", model: "x" }]);
    assert.equal(readLines("name\na\nb").lines, [{ name: "a" }, { name: "b" }]);
    assert.equal(readLines("name,model\ra,x\r").lines, [{ name: "a", model: "x" }]);
  });
  test("an empty cell leaves a value as it is, a dash removes it, a short line ends early", () => {
    assert.equal(readLines("name,model,note\na,,-\nb,x\n").lines, [{ name: "a", note: "" }, { name: "b", model: "x" }]);
  });
});

suite("faults of a list", (test) => {
  test("an unknown column is refused with the nearest name, a repeated or missing one too", () => {
    assert.equal(problemsOf("name,modell,serialnumber,quux,model,Model\na,1,2,3,4,5\n"), [
      "1:6: there is no column \"modell\". Did you mean `model`?",
      problemsOf("name,quux\n")[0]?.replace("1:6", "1:26") ?? "",
      "1:37: the column `model` stands here a second time. Remove one of the two.",
    ]);
    assert.match(problemsOf("name,quux\n")[0] ?? "", /no column "quux"\. The columns are name, manufacturer.* are passed over/);
    assert.match(problemsOf("model\nx\n")[0] ?? "", /^1:1: there is no column `name`/);
    assert.match(problemsOf("")[0] ?? "", /^1:1: there is no column `name`/);
  });
  test("all faults are told, each at its line and column, behind quoted line ends too", () => {
    const text = `name,pin,note\r\ngood,,"two\r\nlines"\r\n-bad,zz,\r\n,,x\r\nä b,${FINGERPRINT},${"n".repeat(1025)}\r\ngood,,,more\r\n`;
    assert.equal(problemsOf(text).map((problem) => problem.replace(/\. .*/, "")), [
      '4:1: "-bad" is no name',
      '4:6: "zz" is not a SHA-256 fingerprint, 64 hexadecimal digits',
      "5:1: the machine has no name",
      '6:1: "ä b" is no name',
      `6:${5 + 65}: the note has 1025 characters`,
      '7:1: "good" has a line already',
      "7:8: this line has 4 cells, and there are 3 columns",
    ]);
    assert.match(problemsOf(text)[5] ?? "", /It stands in line 2;/);
  });
  test("where it stops to be CSV is told, and what is wrong before it", () => {
    assert.match(problemsOf('name,note\n-,x\na,"open\nb,c\n').join("\n"), /^2:1: .*\n3:3: a quote opens this cell and none closes it/);
    assert.match(problemsOf('name,note\na,"b"c\n')[0] ?? "", /^2:3: after the closing quote/);
    assert.match(problemsOf('name,note\na,1/2" pipe\n')[0] ?? "", /^2:3: there is a quote inside of this cell/);
    assert.match(problemsOf('name,note\n"a"b,c\n')[0] ?? "", /^2:1: after the closing quote/);
  });
  test("more than 2,000 lines are refused, and nothing but separators takes no memory", () => {
    const names = Array.from({ length: 2001 }, (_, index) => `m${index}`);
    assert.match(problemsOf(`name\n${names.join("\n")}`)[0] ?? "", /^2002:1: there are 2001 lines, more than 2000/);
    assert.equal(problemsOf(`name\n${names.slice(1).join("\n")}`), []);
    assert.match(problemsOf(`name${",".repeat(4_000_000)}\n`).at(-1) ?? "", /more faults follow/);
  });
  test("no bytes make it crash", () => {
    fc.assert(fc.property(fc.oneof(trouble, fc.string({ unit: "binary" }), trouble.map((text) => `name,note\n${text}`)), (text) => void readLines(text)), { numRuns: 500 });
  });
});

suite("what is new in a list", (test) => {
  test("is what the register does not say: the rest is not asked for, and keeps its place", () => {
    const entries = [entryOf("cutter-1", { name: "cutter-1", state: "suspended", note: "n", equipment: { site: "Lucerne" } }), entryOf("urn:found")];
    const lines: readonly AssetLine[] = [
      { name: "cutter-1", manufacturer: "Weir", site: "Lucerne", softwareRevision: "" },
      { name: "new-1", manufacturer: "Weir", note: "" },
      { name: "cutter-1", manufacturer: "Weir", note: "", pin: FINGERPRINT, area: "A" },
    ];
    assert.equal(findNews(lines, entries), { lines: [{ name: "new-1", manufacturer: "Weir", note: "" }, { name: "cutter-1", pin: FINGERPRINT, area: "A", note: "" }], positions: [1, 2], same: 1 });
  });
});

suite("weir assets export and import", (test) => {
  test("what is exported is imported again, by file and by standard input, and a dry run takes nothing", async ({ defer }) => {
    const { weir, taken, asked } = await serveRegister(defer, [entryOf("press-1", { name: "press-1", state: "accepted", nameplate: { manufacturer: "Müller", model: "=2+5", serialNumber: "0012" } }), entryOf("urn:found")]);
    const file = join(makeTempDir(defer), "list.csv");
    const written = weir("assets", "export", "--out", file, "--excel");
    assert.equal(await written.exited, { code: 0, signal: null });
    assert.match(written.output(), /^2 written to /);
    assert.match(readFileSync(file, "utf8"), /^\ufeffname;manufacturer;[^]*\r\npress-1;Müller;'=2\+5;0012;/);
    const dry = weir("assets", "import", file, "--dry-run");
    assert.equal(await dry.exited, { code: 0, signal: null });
    assert.match(dry.output(), /^It would be 0 added, 0 changed, 1 as they are\. 1 without a name were passed over/);
    const real = weir("assets", "import", "-", "--json");
    real.write(`${readFileSync(file, "utf8").replace("0012", "0013")}press-2;;'=3\r\n`, { end: true });
    assert.equal(await real.exited, { code: 0, signal: null });
    assert.equal(JSON.parse(real.output()), { added: 2, changed: 0, same: 0, problems: [], leftOut: 1 });
    assert.equal(taken, [[{ name: "press-1", serialNumber: "0013" }, { name: "press-2", model: "=3" }]]);
    assert.is(asked.length, 2);
    const plain = weir("assets", "export");
    assert.is((await plain.exited).code, 0);
    assert.match(plain.output(), /^name,manufacturer,[^]*\r\npress-1,Müller,/);
  });
  test("what core finds wrong is told at its cell, and nothing is taken", async ({ defer }) => {
    const { weir, taken } = await serveRegister(defer, [], { problems: [{ line: 1, field: "segment", message: "there is no segment \"nowhere\"." }, { line: 0, field: null, message: "it is in the configuration." }] });
    const file = join(makeTempDir(defer), "list.csv");
    writeFileSync(file, "name;segment\r\na;cutting\r\nb;nowhere\r\n");
    const child = weir("assets", "import", file);
    assert.equal(await child.exited, { code: 2, signal: null });
    assert.is(child.output(), `${file}:2:1: it is in the configuration.\n${file}:3:3: there is no segment "nowhere".\nNothing was taken.\n`);
    assert.equal(taken, []);
  });
  test("faults of the file and of core are told together, and of the file alone where no gateway runs", async ({ defer }) => {
    const { weir, taken } = await serveRegister(defer, [], { problems: [{ line: 0, field: "segment", message: "there is no such segment." }] });
    const file = join(makeTempDir(defer), "list.csv");
    writeFileSync(file, "name,segment\n-,\nb,nowhere\n");
    const child = weir("assets", "import", file, "--json");
    assert.equal(await child.exited, { code: 2, signal: null });
    assert.equal((JSON.parse(child.output()) as { problems: { line: number; column: number }[] }).problems.map(({ line, column }) => `${line}:${column}`), ["2:1", "3:3"]);
    assert.equal(taken, []);
    const alone = weir("assets", "import", file, "--data", makeTempDir(defer));
    assert.is((await alone.exited).code, 2);
  });
  test("another encoding is refused at its place with what to do; UTF-16 is read", async ({ defer }) => {
    const { weir, taken } = await serveRegister(defer, []);
    const file = join(makeTempDir(defer), "list.csv");
    writeFileSync(file, Buffer.from("name;note\r\na;Säge\r\n", "latin1"));
    const child = weir("assets", "import", file);
    assert.equal(await child.exited, { code: 2, signal: null });
    assert.match(child.output(), /list\.csv:2:4: here begins what is no UTF-8\. Save the list as `CSV UTF-8`/);
    writeFileSync(file, Buffer.from("\ufeffname\tnote\r\na\tSäge\r\n", "utf16le"));
    assert.is((await weir("assets", "import", file).exited).code, 0);
    assert.equal(taken, [[{ name: "a", note: "Säge" }]]);
    const missing = weir("assets", "import", `${file}.none`);
    assert.is((await missing.exited).code, 2);
    assert.match(missing.output(), /cannot be read \(ENOENT\)/);
  });
  test("more than 8 MiB are refused", async ({ defer }) => {
    const { weir } = await serveRegister(defer, []);
    const file = join(makeTempDir(defer), "list.csv");
    writeFileSync(file, Buffer.alloc(8 * 1_048_576 + 1, "a"));
    const child = weir("assets", "import", file);
    assert.is((await child.exited).code, 2);
    assert.match(child.output(), /larger than 8 MiB/);
  });
}, { limitMs: 180_000 });
