// Shows which targets a Probe means, which messages are late or doubled, and what a device's metadata say.

import { isFault } from "../../../../drivers/contract/fault.ts";
import { matchesProbe } from "../../../../firmware/protocol/ws-discovery/match.ts";
import { readMetadata, writeMetadataRequest } from "../../../../firmware/protocol/ws-discovery/metadata.ts";
import { isNewer, SeenMessages } from "../../../../firmware/protocol/ws-discovery/sequence.ts";
import { VOCABULARIES } from "../../../../firmware/protocol/ws-discovery/vocabulary.ts";
import type { WsdVersion } from "../../../../firmware/protocol/ws-discovery/vocabulary.ts";
import { assert, suite } from "../../../support/suite.ts";

const MACHINE = { namespace: "urn:weir:miko:1", name: "MachineServer" };
const TARGET = { types: [MACHINE, { namespace: "urn:x", name: "Other" }], scopes: ["urn:weir:serial:A1001", "http://plant.example/Hall1/line-2"] };

function isMeant(scope: string, rule?: keyof (typeof VOCABULARIES)["1.1"]["matchBy"], version: WsdVersion = "1.1"): boolean {
  const matchBy = rule === undefined ? undefined : VOCABULARIES[version].matchBy[rule];
  return matchesProbe(TARGET, { version, types: [], filter: { scopes: [scope], matchBy } });
}

/** As a DPWS device answers. */
function answer(relatesTo: string, sections: string): Buffer {
  return Buffer.from(
    `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/mex" xmlns:p="http://schemas.xmlsoap.org/ws/2006/02/devprof"><s:Header><a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse</a:Action><a:RelatesTo>${relatesTo}</a:RelatesTo></s:Header><s:Body><x:Metadata>${sections}</x:Metadata></s:Body></s:Envelope>`,
  );
}

suite("WS-Discovery rules", (test) => {
  test("a Probe without types means everything; with types, a target that has all of them", () => {
    const probe = (...types: { namespace: string; name: string }[]): boolean => matchesProbe(TARGET, { version: "2005/04", types, filter: { scopes: [], matchBy: undefined } });
    assert.is(probe(), true);
    assert.is(probe(MACHINE), true);
    assert.is(probe(MACHINE, { namespace: "urn:x", name: "Other" }), true);
    assert.is(probe(MACHINE, { namespace: "urn:x", name: "Third" }), false);
    assert.is(probe({ ...MACHINE, namespace: "urn:weir:miko:2" }), false);
  });
  test("WS-Discovery 1.1 §5.1 a scope means what lies below it, segment by segment", () => {
    for (const scope of ["http://plant.example/Hall1", "HTTP://PLANT.example/Hall1/", "http://plant.example/Hall1/line-2", "http://plant.example", "urn:weir:serial:A1001"]) assert.is(isMeant(scope), true, scope);
    for (const scope of ["http://plant.example/hall1", "http://plant.example/Hall", "http://plant.example/Hall1/line-2/x", "http://plant.example/Hall1/../Hall1", "https://plant.example/Hall1", "urn:weir:serial", "Hall1", ""]) assert.is(isMeant(scope), false, scope);
  });
  test("WS-Discovery 1.1 §5.1 the other rules compare texts, uuids or demand that there is no scope; a rule that is not known matches nothing", () => {
    assert.is(isMeant("urn:weir:serial:A1001", "text"), true);
    assert.is(isMeant("urn:weir:serial:a1001", "text"), false);
    assert.is(isMeant("urn:weir:serial:A1001", "ldap"), false);
    assert.is(isMeant("urn:weir:serial:A1001", "none"), false);
    const uuid = { types: [], scopes: ["urn:uuid:0A6DC791-2be6-4991-9af1-454778a1917a"] };
    const filter = { scopes: ["0a6dc791-2be6-4991-9af1-454778a1917a"], matchBy: VOCABULARIES["1.1"].matchBy.uuid };
    assert.is(matchesProbe(uuid, { version: "1.1", types: [], filter }), true);
    assert.is(matchesProbe({ types: [], scopes: [] }, { version: "1.1", types: [], filter: { scopes: [], matchBy: VOCABULARIES["1.1"].matchBy.none } }), true);
  });
  test("WS-Discovery 1.1 §7 within one life numbers grow; a later life wins; other sequences have no order", () => {
    const last = { instanceId: 7, messageNumber: 5, sequenceId: "a" };
    assert.is(isNewer({ ...last, messageNumber: 6 }, last), true);
    assert.is(isNewer(last, last), false);
    assert.is(isNewer({ ...last, messageNumber: 4 }, last), false);
    assert.is(isNewer({ instanceId: 8, messageNumber: 0 }, last), true);
    assert.is(isNewer({ instanceId: 6, messageNumber: 99 }, last), false);
    assert.is(isNewer({ ...last, sequenceId: "b", messageNumber: 1 }, last), true);
    assert.is(isNewer(undefined, last), true);
    assert.is(isNewer(last, undefined), true);
  });
  test("a repeated datagram counts once; another source's message with the same id is its own; memory is bounded", () => {
    const seen = new SeenMessages(100);
    assert.is(seen.isNew("192.0.2.1", "m"), true);
    assert.is(seen.isNew("192.0.2.1", "m"), false);
    assert.is(seen.isNew("192.0.2.66", "m"), true);
    for (let number = 0; number < 98; number += 1) seen.isNew("192.0.2.66", String(number));
    assert.is(seen.isNew("192.0.2.1", "m"), false);
    for (let number = 0; number < 1000; number += 1) seen.isNew("192.0.2.66", `later ${number}`);
    assert.is(seen.isNew("192.0.2.1", "m"), true);
  });
  test("K1.7a a device's ThisModel and ThisDevice are read, in the language that most can read", () => {
    const id = "urn:uuid:q";
    assert.match(writeMetadataRequest("2005/04", "urn:uuid:1", id).toString(), /transfer\/Get<.*urn:uuid:q/);
    const sections = `<x:MetadataSection Dialect="m"><p:ThisModel><p:Manufacturer>Komax</p:Manufacturer><p:ModelName xml:lang="de">Presse</p:ModelName><p:ModelName xml:lang="en-GB">Press &amp; Co</p:ModelName><p:ModelNumber/></p:ThisModel></x:MetadataSection><x:MetadataSection Dialect="d"><p:ThisDevice><p:FriendlyName>P1</p:FriendlyName><p:SerialNumber>${"9".repeat(300)}</p:SerialNumber></p:ThisDevice></x:MetadataSection>`;
    assert.equal(readMetadata(answer(id, sections), id), { manufacturer: "Komax", modelName: "Press & Co", friendlyName: "P1", serialNumber: "9".repeat(256) });
    assert.equal(readMetadata(answer(id, ""), id), {});
  });
  test("CR 3.5 metadata that answer another request, or are none, are refused", () => {
    for (const bytes of [answer("urn:uuid:other", ""), Buffer.from("<a/>"), Buffer.alloc(40_000, " "), Buffer.from(answer("urn:uuid:q", "").toString().replace("GetResponse", "Put"))]) {
      assert.throws(() => readMetadata(bytes, "urn:uuid:q"), (error: unknown) => isFault(error, "PEER_PROTOCOL"));
    }
  });
});
