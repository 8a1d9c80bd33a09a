// Shows the judgement as a table: what was found, what is known of it, and what follows.

import fc from "fast-check";
import type { Around, Verdict } from "../../../../firmware/core/acceptance/judge.ts";
import { judge } from "../../../../firmware/core/acceptance/judge.ts";
import { NO_FACTS } from "../../../../firmware/core/acceptance/entry.ts";
import type { Entry, Facts, Judged } from "../../../../firmware/core/acceptance/entry.ts";
import { assert, suite } from "../../../support/suite.ts";

const PIN = "ab".repeat(32);
const OTHER_PIN = "cd".repeat(32);
const certificate = (fingerprint: string): NonNullable<Facts["certificate"]> => ({ fingerprint, subject: "CN=machine", issuer: "CN=ca", notAfter: "2030-01-01T00:00:00.000Z" });

/** Machine 1 at its address, with its certificate. */
const ONE: Facts = { ...NO_FACTS, segment: "cell", endpoint: "urn:uuid:1", address: "192.0.2.7", driver: "miko", url: "https://192.0.2.7", id: "urn:one", certificate: certificate(PIN) };
const PLAIN: Facts = { ...ONE, url: "http://192.0.2.7", certificate: null };
const SILENT: Partial<Facts> = { id: null, certificate: null, reason: "no connection" };

function entry(state: Entry["state"], facts: Facts, judged: Partial<Judged> | null = {}): Entry {
  const { segment, endpoint, url, id } = facts;
  const own: Judged = { segment, endpoint, url, id, fingerprint: facts.certificate?.fingerprint ?? null };
  return { number: 1, state, origin: "found", name: state === "pending" ? null : "one", facts, judged: judged === null ? null : { ...own, ...judged }, changes: [], reason: null, claims: null, credentials: null, equipment: {}, note: null, firstSeen: null, lastSeen: null };
}

const accepted = entry("accepted", ONE);
const plain = entry("accepted", PLAIN);
const suspended = entry("suspended", ONE);
const refused = entry("refused", ONE);
const listed = entry("accepted", { ...NO_FACTS, id: "urn:one" });
const imported = entry("accepted", { ...ONE, endpoint: null, id: null }, {});
const withPassword = entry("accepted", { ...ONE, id: null });
const pending = entry("pending", ONE, null);
const blind = entry("refused", { ...ONE, ...SILENT, url: null });

type Expected = Verdict["kind"] | `${Verdict["kind"]} ${string}`;
/** What is known: by default nobody is connected, nobody gone, everybody present, and there is room. */
type Known = Partial<Pick<Around, "isConfigured" | "atUrl" | "byId" | "byCertificate" | "byEndpoint" | "pending" | "twin" | "hasRoom">> & { readonly connected?: boolean; readonly gone?: boolean; readonly present?: boolean };
type Row = readonly [name: string, facts: Facts, known: Known, expected: Expected];

const AT = (one: Entry): Known => ({ atUrl: one, byId: one, byCertificate: one, byEndpoint: one });
const BY = (one: Entry): Known => ({ byId: one, byCertificate: one, byEndpoint: one });
const moved: Facts = { ...ONE, url: "https://192.0.2.8", address: "192.0.2.8" };
const movedPlain: Facts = { ...PLAIN, url: "http://192.0.2.8", address: "192.0.2.8" };

/** `waiting` is followed by what it claims, `+` where a rule may not accept it, `!` where it alarms. */
const ROWS: readonly Row[] = [
  ["a machine of the configuration is no candidate", ONE, { isConfigured: true }, "configured"],
  ["a new machine waits, and a rule may accept it", ONE, {}, "waiting -"],
  ["what waits already waits on", ONE, { pending }, "waiting - again"],
  ["what waits goes on waiting at another address when it left the first", moved, { twin: pending, present: false }, "waiting - again"],
  ["a second one that claims the same waits beside the first, for a person", moved, { twin: pending }, "waiting - +"],
  ["another endpoint that points to the URL of one that waits changes nothing", { ...ONE, endpoint: "urn:uuid:2" }, { pending }, "nothing"],
  ["another endpoint takes the place of one that left", { ...ONE, endpoint: "urn:uuid:2" }, { pending, present: false }, "waiting - again"],
  ["without room nothing waits", ONE, { hasRoom: false }, "full"],
  ["what waits already needs no room", ONE, { pending, hasRoom: false }, "waiting - again"],

  ["an accepted machine is seen again", ONE, AT(accepted), "present"],
  ["an accepted machine that can not be asked now is seen all the same", { ...ONE, ...SILENT }, { atUrl: accepted, byEndpoint: accepted }, "present"],
  ["K1.7a another certificate at its URL suspends it", { ...ONE, certificate: certificate(OTHER_PIN) }, AT(accepted), "suspended Certificate"],
  ["another identity at its URL suspends it", { ...ONE, id: "urn:two" }, { atUrl: accepted, byCertificate: accepted, byEndpoint: accepted }, "suspended Identity"],
  ["another identity at its URL suspends it without TLS too", { ...PLAIN, id: "urn:two" }, AT(plain), "suspended Identity"],
  ["another endpoint at its URL is a claim as long as its own is there", { ...ONE, endpoint: "urn:uuid:2" }, { atUrl: accepted, byId: accepted, byCertificate: accepted }, "nothing"],
  ["another endpoint at its URL suspends it when its own is gone", { ...ONE, endpoint: "urn:uuid:2" }, { atUrl: accepted, byId: accepted, byCertificate: accepted, gone: true }, "suspended Endpoint"],
  ["another endpoint that nobody could ask suspends nothing", { ...ONE, ...SILENT, endpoint: "urn:uuid:2" }, { atUrl: accepted, gone: true }, "nothing"],
  ["what people listed is seen, whatever its endpoint", { ...ONE, endpoint: "urn:uuid:2" }, { atUrl: imported, byCertificate: imported }, "present"],
  ["what people listed is suspended by another certificate", { ...ONE, certificate: certificate(OTHER_PIN) }, { atUrl: imported }, "suspended Certificate"],

  ["K2.2.3b the same asset at a new address goes on there", moved, BY(accepted), "moved"],
  ["the same asset without certificate at a new address goes on there", movedPlain, BY(plain), "moved"],
  ["it goes on by its key where it tells nobody who it is", { ...moved, id: null, reason: "refused without credentials" }, { byCertificate: withPassword, byEndpoint: withPassword }, "moved"],
  ["what people listed goes on at a new address by its certificate", moved, { byCertificate: imported, byId: entry("accepted", ONE, { endpoint: null }) }, "moved"],
  ["what people listed without a certificate does not", movedPlain, { byId: entry("accepted", PLAIN, { endpoint: null }) }, "waiting one + !"],
  ["a machine that is connected at its address has a second one elsewhere", moved, { ...BY(accepted), connected: true }, "twice"],
  ["the same asset in another segment is a claim", { ...moved, segment: "line" }, BY(accepted), "waiting one + !"],
  ["a claim from elsewhere with another certificate suspends nobody", { ...moved, certificate: certificate(OTHER_PIN) }, { byId: accepted, byEndpoint: accepted }, "waiting one + !"],
  ["a claim from elsewhere without a certificate suspends nobody", { ...movedPlain }, { byId: accepted, byEndpoint: accepted }, "waiting one + !"],
  ["a claim from elsewhere with another identity suspends nobody", { ...moved, id: "urn:two" }, { byCertificate: accepted, byEndpoint: accepted }, "waiting one + !"],
  ["a claim from elsewhere with another endpoint suspends nobody", { ...moved, endpoint: "urn:uuid:2" }, { byId: accepted, byCertificate: accepted }, "waiting one + !"],
  ["its endpoint from an address that does not answer yet alarms nobody", { ...moved, ...SILENT }, { byEndpoint: accepted }, "waiting one +"],
  ["its endpoint with an address outside the segment alarms", { ...ONE, ...SILENT, url: null, isForeign: true }, { byEndpoint: accepted }, "waiting one + !"],
  ["a claim finds no room either", { ...moved, id: "urn:two" }, { byEndpoint: accepted, hasRoom: false }, "full"],

  ["what is suspended stays so, and shows what it is now", { ...ONE, certificate: certificate(OTHER_PIN) }, AT(suspended), "witnessed Certificate"],
  ["what is suspended is not resumed by showing itself as before", ONE, AT(suspended), "witnessed"],
  ["what is suspended is seen at a new address", moved, BY(suspended), "witnessed"],
  ["what is suspended is not touched by an endpoint that nobody could ask", { ...ONE, ...SILENT, endpoint: "urn:uuid:2" }, { atUrl: suspended }, "nothing"],

  ["what was refused is not offered again", ONE, AT(refused), "present"],
  ["what was refused is not offered again at another address", moved, BY(refused), "present"],
  ["what was refused and is another one now is offered again, to a person", { ...ONE, id: "urn:two" }, { atUrl: refused, byCertificate: refused, byEndpoint: refused }, "waiting one +"],
  ["what was refused with another certificate elsewhere is offered again, to a person", { ...moved, certificate: certificate(OTHER_PIN) }, { byId: refused, byEndpoint: refused }, "waiting one +"],
  ["what was refused without having shown anything stays refused by its endpoint", { ...ONE, ...SILENT, url: null }, { byEndpoint: blind }, "present"],

  ["what a list knows waits under its name, and a rule may accept it", ONE, { byId: listed }, "waiting one"],
];

function around({ connected = false, gone = false, present = true, ...known }: Known): Around {
  return { isConfigured: false, atUrl: undefined, byId: undefined, byCertificate: undefined, byEndpoint: undefined, pending: undefined, twin: undefined, hasRoom: true, ...known, isConnected: () => connected, isGone: () => gone, isPresent: () => present };
}

function write(verdict: Verdict): string {
  if (verdict.kind === "waiting") {
    const { claims, entry: known, needsPerson, isAlarming } = verdict;
    return `waiting ${claims?.name ?? "-"}${known === undefined ? "" : " again"}${needsPerson ? " +" : ""}${isAlarming ? " !" : ""}`;
  }
  const [first] = "changes" in verdict ? verdict.changes : [];
  return `${verdict.kind} ${first?.split(":")[0] ?? ""}`.trim();
}

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const anyFacts: fc.Arbitrary<Facts> = fc.record({
  segment: pick("cell", "line"),
  endpoint: pick("urn:uuid:1", "urn:uuid:2"),
  address: pick("192.0.2.7", "192.0.2.8"),
  driver: pick("miko", null),
  url: pick("https://192.0.2.7", "https://192.0.2.8", null),
  id: pick("urn:one", "urn:two", null),
  nameplate: pick(null),
  certificate: pick(certificate(PIN), certificate(OTHER_PIN), null),
  reason: pick(null, "no connection"),
  isForeign: fc.boolean(),
});
const anyKnown = fc.record({
  judged: anyFacts,
  state: pick<Entry["state"]>("accepted", "suspended", "refused"),
  connected: fc.boolean(),
  gone: fc.boolean(),
  present: fc.boolean(),
  hasRoom: fc.boolean(),
  knowsEndpoint: fc.boolean(),
});

suite("judge", (test) => {
  test("K1.7a whatever is announced: only a connection to the accepted URL suspends, only the same asset moves, and no rule accepts a claim", () => {
    fc.assert(
      fc.property(anyFacts, anyKnown, (facts, { judged: before, state, connected, gone, present, hasRoom, knowsEndpoint }) => {
        const one = entry(state, before, knowsEndpoint ? {} : { endpoint: null });
        const { judged } = one;
        const is = (kind: "id" | "endpoint" | "url"): boolean => judged?.[kind] !== null && judged?.[kind] === facts[kind];
        const isKey = judged?.fingerprint !== null && judged?.fingerprint === facts.certificate?.fingerprint;
        const known = { atUrl: is("url") && judged?.segment === facts.segment ? one : undefined, byId: is("id") ? one : undefined, byCertificate: isKey ? one : undefined, byEndpoint: is("endpoint") && judged?.segment === facts.segment ? one : undefined };
        const verdict = judge(facts, around({ ...known, connected, gone, present, hasRoom }));
        if (verdict.kind === "suspended") assert.ok(is("url") && state === "accepted" && (facts.id !== null || facts.certificate !== null));
        if (verdict.kind === "moved") assert.ok(state === "accepted" && !connected && judged?.fingerprint === (facts.certificate?.fingerprint ?? null) && judged.segment === facts.segment && (is("id") || isKey) && (facts.id === null || is("id")));
        if (verdict.kind === "waiting" && verdict.claims !== undefined && judged?.url !== null) assert.ok(verdict.needsPerson);
        if (state !== "accepted") assert.not.ok(["moved", "twice", "suspended"].includes(verdict.kind));
      }),
      { numRuns: 5000 },
    );
  });
  for (const [name, facts, known, expected] of ROWS) {
    test(name, () => {
      assert.is(write(judge(facts, around(known))), expected);
    });
  }
});
