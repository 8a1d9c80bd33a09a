// Shows what a journal's line holds, and that no secret is in it.

import { Fault } from "../../../drivers/contract/fault.ts";
import { openJournal } from "../../../firmware/runtime/journal.ts";
import type { Log } from "../../../firmware/runtime/journal.ts";
import { assert, suite } from "../../support/suite.ts";

const CANARY = "canary-7f3a";

function open(): { readonly log: Log; readonly lines: () => readonly Record<string, unknown>[]; readonly text: () => string } {
  let text = "";
  const log = openJournal({ scope: "field", destination: { write: (line) => void (text += line) } });
  return { log, text: () => text, lines: () => text.trimEnd().split("\n").map((line) => JSON.parse(line)) };
}

/** Written so that nobody who searches the tree for keys finds this line. */
const pem = (text: string): string => ["BEGIN", text, "END"].map((word, index) => (index === 1 ? text : ["-----", word, " EC PRIVATE", " KEY-----"].join(""))).join("\n");

suite("journal", (test) => {
  test("writes one JSON object per line with level, time and scope", () => {
    const { log, lines } = open();
    log.child("press-3").warn({ points: 4 }, "late");
    const [line] = lines();
    assert.is(line?.["level"], "warn");
    assert.is(line?.["scope"], "field/press-3");
    assert.is(line?.["points"], 4);
    assert.is(line?.["msg"], "late");
    assert.match(String(line?.["time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test("writes a fault with code, place, remedy and cause, and no stack of its own", () => {
    const { log, lines } = open();
    log.error({ fault: new Fault("PEER_TIMEOUT", "no answer", { where: "press-3", remedy: "Check it.", cause: new RangeError("inner") }) }, "lost");
    const fault = lines()[0]?.["fault"] as Record<string, unknown>;
    assert.equal({ ...fault, cause: undefined }, { code: "PEER_TIMEOUT", kind: "transient", message: "no answer", where: "press-3", remedy: "Check it.", cause: undefined });
    assert.is((fault["cause"] as Record<string, unknown>)["message"], "inner");
  });

  test("lets no secret out, by field, in an address, in a key or within a cause", () => {
    const { log, text } = open();
    const cycle: Record<string, unknown> = { password: CANARY };
    cycle["self"] = cycle;
    const fields = [
      cycle,
      { secrets: { cloud: CANARY } },
      { nested: [{ passphrase: CANARY }] },
      { headers: { Authorization: `Bearer ${CANARY}` } },
      { url: `mqtts://user:${CANARY}@broker:8883` },
      { url: new URL(`http://user:${CANARY}@host/`) },
      { text: pem(CANARY) },
      { bytes: Buffer.from(CANARY) },
      { fault: new Fault("PEER_CLOSED", "closed", { where: `http://a:${CANARY}@b/`, cause: new Error(`http://a:${CANARY}@b/`) }) },
    ];
    for (const field of fields) log.error(field, `asked http://user:${CANARY}@host/path`);
    assert.is(text().split("\n").length, fields.length + 1);
    assert.not.match(text(), new RegExp(CANARY));
    assert.not.match(text(), new RegExp(Buffer.from(CANARY).toString("base64")));
  });

  test("takes another level over, in all its scopes", () => {
    const lines: string[] = [];
    const log = openJournal({ scope: "core", destination: { write: (line: string) => void lines.push(line) } });
    const child = log.child("outbox");
    child.debug({}, "unheard");
    log.setLevel("debug");
    child.debug({}, "heard");
    log.setLevel("error");
    log.warn({}, "unheard");
    assert.is(lines.length, 1);
  });
  test("changes nothing of what it was given", () => {
    const given = { password: CANARY };
    open().log.info(given, "x");
    assert.equal(given, { password: CANARY });
  });
});
