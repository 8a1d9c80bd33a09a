// Shows that WS-Discovery messages of both versions are read as they were meant, and that nothing else is.

import fc from "fast-check";
import { isFault } from "../../../../drivers/contract/fault.ts";
import type { AppSequence, Target, WsdMessage } from "../../../../firmware/protocol/ws-discovery/message.ts";
import { readMessage } from "../../../../firmware/protocol/ws-discovery/read-message.ts";
import { CAPS, VOCABULARIES, WSD_VERSIONS } from "../../../../firmware/protocol/ws-discovery/vocabulary.ts";
import { writeMessage } from "../../../../firmware/protocol/ws-discovery/write-message.ts";
import { assert, suite } from "../../../support/suite.ts";

/** As Windows sends it: own prefixes, types declared on the envelope, spaces and line ends in between. */
const WINDOWS_PROBE = `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof">
<soap:Header><wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To><wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</wsa:Action><wsa:MessageID>urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a</wsa:MessageID></soap:Header>
<soap:Body><wsd:Probe><wsd:Types>wsdp:Device
  pub:Computer</wsd:Types></wsd:Probe></soap:Body></soap:Envelope>`.replace("xmlns:wsdp=", 'xmlns:pub="http://schemas.microsoft.com/windows/pub/2005/07" xmlns:wsdp=');

const envelope = (header: string, body: string): Buffer =>
  Buffer.from(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:d="http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`);
const ACTION = "<a:Action>http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/Bye</a:Action>";
const BYE = "<d:Bye><a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference></d:Bye>";
const ID = "<a:MessageID>urn:uuid:m</a:MessageID>";

function isRefused(bytes: Uint8Array, why: RegExp): void {
  assert.throws(() => readMessage(bytes), (error: unknown) => isFault(error, "PEER_PROTOCOL") && why.test(error.message));
}

/** Plain objects, as the reader makes them. */
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const uri = fc.webUrl({ size: "small" });
const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,20}$/);
const counter = fc.integer({ min: 0, max: 4_294_967_295 });
const types = fc.array(record({ namespace: fc.oneof(uri, fc.constant("")), name: word }), { maxLength: 4 });
const target: fc.Arbitrary<Target> = record({ endpoint: fc.uuid().map((id) => `urn:uuid:${id}`), types, scopes: fc.uniqueArray(uri, { maxLength: 3 }), xaddrs: fc.uniqueArray(uri, { maxLength: 3 }), metadataVersion: counter });
const sequence: fc.Arbitrary<AppSequence | undefined> = fc.option(fc.oneof(record({ instanceId: counter, messageNumber: counter }), record({ instanceId: counter, messageNumber: counter, sequenceId: uri })), { nil: undefined });
const common = { version: fc.constantFrom(...WSD_VERSIONS), messageId: fc.uuid().map((id) => `urn:uuid:${id}`) };
const endpoint = target.map((one) => one.endpoint);
const replyTo = fc.option(uri, { nil: undefined });
const messages: fc.Arbitrary<WsdMessage> = fc.oneof(
  record({ ...common, kind: fc.constant("hello" as const), sequence, target }),
  record({ ...common, kind: fc.constant("bye" as const), sequence, endpoint }),
  record({ ...common, kind: fc.constant("probe" as const), replyTo, types, filter: record({ scopes: fc.uniqueArray(uri, { maxLength: 3 }), matchBy: fc.option(uri, { nil: undefined }) }) }),
  record({ ...common, kind: fc.constant("resolve" as const), replyTo, endpoint }),
  record({ ...common, kind: fc.constant("probeMatches" as const), relatesTo: uri, sequence, matches: fc.array(target, { maxLength: 3 }) }),
  record({ ...common, kind: fc.constant("resolveMatches" as const), relatesTo: uri, sequence, match: fc.option(target, { nil: undefined }) }),
);

suite("WS-Discovery messages", (test) => {
  test("K1.7a a Probe as Windows sends it is read with its types and no scopes", () => {
    assert.equal(readMessage(Buffer.from(WINDOWS_PROBE)), {
      version: "2005/04",
      kind: "probe",
      messageId: "urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a",
      replyTo: undefined,
      types: [
        { namespace: "http://schemas.xmlsoap.org/ws/2006/02/devprof", name: "Device" },
        { namespace: "http://schemas.microsoft.com/windows/pub/2005/07", name: "Computer" },
      ],
      filter: { scopes: [], matchBy: undefined },
    });
  });
  test("what is written is read back as it was, in both versions and every kind", () => {
    fc.assert(fc.property(messages, (message) => assert.equal(readMessage(writeMessage(message), CAPS.httpBytes), message)), { numRuns: 500 });
  });
  test("a prefix counts where it is declared, and the innermost declaration wins", () => {
    const body = '<d:Hello xmlns:x="urn:outer"><a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference><d:Types xmlns:x="urn:inner">x:Machine Plain</d:Types><d:MetadataVersion>1</d:MetadataVersion></d:Hello>';
    const message = readMessage(envelope(ACTION.replace("Bye", "Hello") + ID, body));
    assert.equal(message.kind === "hello" && message.target.types, [{ namespace: "urn:inner", name: "Machine" }, { namespace: "", name: "Plain" }]);
  });
  test("CR 3.5 nothing but a whole message is read: the malformed few bytes of reflection attacks, DTDs, entities, other encodings, other actions", () => {
    for (const text of ["<:/>", "", "<", "\0", "<a/>", "<?xml version='1.0'?>", "\ufeff"]) isRefused(Buffer.from(text), /not a/);
    isRefused(Buffer.from(`<!DOCTYPE a [<!ENTITY b "c">]>${envelope(ACTION + ID, BYE).toString()}`), /document type/);
    isRefused(envelope(ACTION + ID, BYE.replace("urn:uuid:1", "&b;")), /entity/);
    isRefused(Buffer.from(`<?php a?>${envelope(ACTION + ID, BYE).toString()}`), /processing instruction/);
    isRefused(Buffer.from(envelope(ACTION + ID, BYE).toString(), "utf16le"), /not a/);
    isRefused(Buffer.concat([envelope(ACTION + ID, BYE), Buffer.from([0xff])]), /UTF-8/);
    isRefused(envelope(ID, BYE), /no action/);
    isRefused(envelope(ACTION.replace("Bye", "Steal") + ID, BYE), /no action/);
    isRefused(envelope(ACTION.replace("Bye", "Hello") + ID, BYE), /not what the action says/);
    isRefused(envelope(ACTION, BYE), /message id/);
    isRefused(envelope(ACTION + ID, "<d:Bye/>"), /endpoint reference/);
    isRefused(envelope(ACTION + ID, BYE.replace("urn:uuid:1", " ")), /empty endpoint/);
    isRefused(envelope(ACTION + ID, BYE + BYE.repeat(80)), /bytes where 4096/);
  });
  test("CR 3.5 fields, lists, depth and counters have an end", () => {
    isRefused(envelope(ACTION + ID, BYE.replace("urn:uuid:1", `urn:${"x".repeat(CAPS.uri)}`)), /URI that is too long/);
    isRefused(envelope(ACTION + ID, "<d:Bye>".repeat(20) + "</d:Bye>".repeat(20)), /more elements/);
    const sequenced = (attributes: string): Buffer => envelope(`${ACTION}${ID}<d:AppSequence ${attributes}/>`, BYE);
    isRefused(sequenced('InstanceId="1"'), /without MessageNumber/);
    isRefused(sequenced('InstanceId="-1" MessageNumber="1"'), /counter/);
    isRefused(sequenced('InstanceId="4294967296" MessageNumber="1"'), /counter/);
    isRefused(sequenced('InstanceId="1e3" MessageNumber="1"'), /counter/);
    const hello = (types: string): Buffer => envelope(ACTION.replace("Bye", "Hello") + ID, `<d:Hello><a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference><d:Types>${types}</d:Types><d:MetadataVersion>1</d:MetadataVersion></d:Hello>`);
    isRefused(hello("T ".repeat(65)), /more than 64/);
    isRefused(hello(`d:${"T".repeat(CAPS.field)}`), /type that is too long/);
    isRefused(hello("unknown:T"), /not declared/);
  });
  test("CR 3.5 no bytes make it throw anything but a protocol fault: random ones, and messages with bytes exchanged, removed and doubled", () => {
    const mutated = fc.tuple(messages, fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "cut", "twice")), { minLength: 1, maxLength: 8 })).map(([message, changes]) => {
      let bytes = writeMessage(message);
      for (const [place, value, change] of changes) {
        const at = bytes.length === 0 ? 0 : place % bytes.length;
        if (change === "set" && at < bytes.length) bytes[at] = value;
        if (change === "cut") bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + (value % 32))]);
        if (change === "twice") bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + value), bytes.subarray(at)]);
      }
      return bytes;
    });
    const isHarmless = (bytes: Uint8Array): void => {
      try {
        readMessage(bytes, CAPS.httpBytes);
      } catch (error) {
        if (!isFault(error, "PEER_PROTOCOL")) throw error;
      }
    };
    fc.assert(fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 600 })), isHarmless), { numRuns: 3000 });
  });
  test("what XML cannot carry is replaced, never written as markup", () => {
    const bytes = writeMessage({ version: "1.1", kind: "bye", messageId: "urn:uuid:m", sequence: undefined, endpoint: 'urn:a"><d:Bye>\u0001&\ud800' });
    const message = readMessage(bytes);
    assert.is(message.kind === "bye" && message.endpoint, 'urn:a"><d:Bye>\ufffd&\ufffd');
  });
  test("an answer goes to whom sent the request: an anonymous reply address is none", () => {
    const { addressing, anonymous } = VOCABULARIES["1.1"];
    const probe = (address: string): Buffer => envelope(`${ACTION.replace("Bye", "Probe")}${ID}<a:ReplyTo xmlns:a="${addressing}"><a:Address>${address}</a:Address></a:ReplyTo>`, "<d:Probe/>");
    for (const [address, expected] of [[anonymous, undefined], ["soap.udp://192.0.2.66:99", "soap.udp://192.0.2.66:99"]] as const) {
      const message = readMessage(probe(address));
      assert.is(message.kind === "probe" ? message.replyTo : "", expected);
    }
  });
});
