// Shows that the walls can be asked in words, and what they answer.

import { deriveWalls } from "../../../../firmware/protocol/firewall/derive-flows.ts";
import { explain, parsePort } from "../../../../firmware/protocol/firewall/explain.ts";
import { assert, suite } from "../../../support/suite.ts";
import { example } from "./example.ts";

const walls = deriveWalls(example);
const ask = (from: string, to: string, port: string): readonly string[] => explain(walls, from, to, parsePort(port)).map(({ sentence }) => sentence);

suite("firewall, explaining", (test) => {
  test("what passes is told with its flow and its limits", () => {
    assert.equal(ask("field", "segment:cell-a", "8080"), ["Yes: zone field to port 8080 (tcp, udp) of segment:cell-a, by the flow machines-tcp-cell-a out of eth0, to 192.168.10.21 port 8080 only. The configured machines are read at the addresses and ports that their settings name."]);
    assert.equal(ask("192.168.10.7", "field", "162/udp"), ["Yes: 192.168.10.7 to port 162 (udp) of zone field, by the flow traps-cell-a into eth0. Devices send SNMP notifications."]);
    assert.match(ask("field", "segment:cell-a", "3702/udp").join(""), /from port 37020 only/);
    assert.match(ask("cloud", "management", "443").join("\n"), /^No: zone cloud to port 443/);
  });
  test("what does not pass is told with who drops and counts it", () => {
    assert.equal(ask("field", "segment:cell-b", "1883"), ["No: zone field to port 1883 (tcp, udp) of segment:cell-b; no flow leads there. The chain output drops it and counts it in denied_of_field."]);
    assert.equal(ask("plant", "admin", "9797"), ["No: plant to port 9797 (tcp, udp) of zone admin; no flow leads there. The chain input drops it and counts it in denied_from_plant."]);
    assert.equal(ask("segment:cell-b", "plant", "8883"), ["No: segment:cell-b to port 8883 (tcp, udp) of zone plant; no flow leads there. The chain input drops it and counts it in denied_from_segment_cell_b."]);
    assert.match(ask("segment:cell-a", "segment:cell-b", "80").join(""), /forwards nothing/);
    assert.match(ask("field", "admin", "9797").join(""), /never over IP/);
  });
  test("a port that belongs to another zone is named", () => {
    assert.match(ask("10.20.5.1", "plant", "9797").join(""), /The port belongs to zone admin \(flow admin-page\)/);
  });
  test("cloud and plant are zones and sides, so that both readings are answered", () => {
    assert.equal(ask("cloud", "plant", "9443").map((line) => line.slice(0, 45)), ["No: zone cloud to port 9443 (tcp, udp) of pla", "No: cloud to port 9443 (tcp, udp) of zone pla"]);
  });
  test("an unknown party or port is refused with what there is", () => {
    assert.throws(() => ask("fields", "cloud", "80"), /no zone or side "fields"/);
    for (const port of ["0", "65536", "80/sctp", "http", "-1", "", "1e3"]) assert.throws(() => parsePort(port), "INPUT_INVALID");
    assert.equal(parsePort("161/udp"), { number: 161, protocols: ["udp"] });
  });
});
