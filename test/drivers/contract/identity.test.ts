// Shows that ids of assets and points can be written anywhere, whatever a machine says of itself.

import fc from "fast-check";
import { assetIdOf, decodeId, encodeId } from "../../../drivers/contract/identity.ts";
import { assert, suite } from "../../support/suite.ts";

const nameplate = { manufacturer: "Weir", model: "Press", serialNumber: "4711" };

suite("ids of assets and points", (test) => {
  test("an encoded id is one topic level and one path segment, and comes back as it was", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (id) => {
      assert.match(encodeId(id), /^[A-Za-z0-9._~%-]*$/);
      assert.is(decodeId(encodeId(id)), id);
    }));
  });
  test("an asset is known by its URI, else by what its nameplate says", () => {
    assert.is(assetIdOf({ ...nameplate, productInstanceUri: "urn:maker:1" }), "urn:maker:1");
    assert.is(assetIdOf({ ...nameplate, productInstanceUri: "", serialNumber: "a:b/c" }), "urn:weir:Weir:Press:a%3Ab%2Fc");
  });
  test("half a surrogate pair, which JSON lets a machine say, breaks nothing", () => {
    assert.is(assetIdOf({ ...nameplate, serialNumber: "4\ud8007" }), "urn:weir:Weir:Press:4%EF%BF%BD7");
    assert.is(assetIdOf({ ...nameplate, productInstanceUri: "urn:\udfff" }), "urn:\ufffd");
    assert.is(encodeId("\udc00a"), "%EF%BF%BDa");
  });
});
