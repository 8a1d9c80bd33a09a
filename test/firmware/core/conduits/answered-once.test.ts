// Shows that who asks again for what is given out once gets the same answer, and nobody else gets it.

import { Agent, request } from "undici";
import { BEARER_HEADER, EPOCH_HEADER, NUMBER_HEADER } from "../../../../firmware/runtime/conduit-headers.ts";
import { conduitSocket } from "../../../../firmware/runtime/conduit-path.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { startPeople } from "../accounts/people-core.ts";

interface Answer {
  readonly status: number;
  readonly body: { readonly temporaryPassword?: string; readonly code?: string };
}

/** Speaks the conduit by hand, so that a request can be sent twice. */
function openRaw(defer: Defer, socketPath: string): (path: string, body: object, headers: Readonly<Record<string, string>>) => Promise<Answer> {
  const dispatcher = new Agent({ connect: { socketPath } });
  defer(() => dispatcher.close());
  return async (path, body, headers) => {
    const response = await request(`http://core${path}`, { dispatcher, method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
    return { status: response.statusCode, body: (await response.body.json()) as Answer["body"] };
  };
}

suite("operations that give something out once", (test) => {
  test("a repeat of the same session has the first answer, and no other session and no other number has it", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal);
    const root = await people.enter("root", "systemadministrator");
    const second = await people.enter("second", "systemadministrator");
    const customer = await people.enter("carl", "customer");
    const post = openRaw(defer, conduitSocket(people.core.dataDir, "admin"));
    const create = (bearer: string, number: string): Promise<Answer> => post("/v1/accounts/create", { name: "tom", role: "customer" }, { [BEARER_HEADER]: bearer, [EPOCH_HEADER]: "e", [NUMBER_HEADER]: number });
    const [first, joined] = await Promise.all([create(root, "7"), create(root, "7")]);
    const again = await create(root, "7");
    assert.match(first.body.temporaryPassword ?? "", /^[a-z2-9-]{19}$/);
    assert.equal([joined, again], [first, first]);
    assert.equal([(await create(root, "8")).body.code, (await create(second, "7")).body.code, (await create(customer, "7")).body.code, (await create("ws_none", "7")).body.code], ["INPUT_INVALID", "INPUT_INVALID", "ACCESS_DENIED", "SESSION_REQUIRED"]);
    await people.ask("logout", {}, root);
    assert.is((await create(root, "7")).body.code, "SESSION_REQUIRED");
  }, { limitMs: 100_000 });
});
