// Shows the stream of changes: what comes, where it goes on after a break, how many there may be, and that it ends with the session.

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { configure, identify, sampleOf } from "../../core/running-core.ts";
import { claim, join, WITHOUT_SECOND_FACTOR, type Browser } from "../people.ts";
import { startRunningPage, type RunningPage } from "../running-page.ts";

interface StreamEvent {
  readonly id: string;
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>>;
}

interface Stream {
  readonly response: IncomingMessage;
  /** The next event that is one of these, whatever else came before it; rejects when the stream is over. */
  next(...names: readonly string[]): Promise<StreamEvent>;
  close(): void;
}

async function openStream({ port, ca }: RunningPage, { cookie }: Pick<Browser, "cookie">, defer: Defer, signal: AbortSignal, lastEventId?: string): Promise<Stream> {
  const request = httpsRequest({ host: "127.0.0.1", servername: "localhost", port, ca, agent: false, signal, path: "/api/v1/events", headers: { host: `localhost:${port}`, cookie, ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }) } });
  request.on("error", () => undefined);
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  defer(() => void request.destroy());
  const events = readEvents(response);
  let passed: StreamEvent[] = [];
  return {
    response,
    next: async (...names) => {
      const before = passed.find(({ name }) => names.includes(name));
      passed = passed.filter((one) => one !== before);
      if (before !== undefined) return before;
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) throw new Error("the stream is over");
        if (names.includes(value.name)) return value;
        passed.push(value);
      }
    },
    close: () => void request.destroy(),
  };
}

async function* readEvents(response: IncomingMessage): AsyncGenerator<StreamEvent> {
  let buffered = "";
  for await (const chunk of response.setEncoding("utf8")) {
    buffered += String(chunk);
    const blocks = buffered.split("\n\n");
    buffered = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      const [id, name, text] = [fields.get("id"), fields.get("event"), fields.get("data")];
      if (id !== undefined && name !== undefined && text !== undefined) yield { id, name, content: JSON.parse(text) as StreamEvent["content"] };
    }
  }
}

const CONFIGURATION = `${WITHOUT_SECOND_FACTOR}${configure({ press: undefined })}`;

suite("stream of changes", (test) => {
  test("tells how the gateway stands, then each value that changes, and after a break only what came since", async (context) => {
    const { defer, signal } = context;
    const page = await startRunningPage(context, {}, { configuration: CONFIGURATION });
    const anna = await claim(page, signal);
    const [asset = ""] = await identify(page.core, "press", "1", signal);
    const [first, second, third] = [sampleOf(asset, "a"), sampleOf(asset, "b"), sampleOf(asset, "c")];
    await page.core.source.call("readings", { readings: [first] }, signal);
    const stream = await openStream(page, anna, defer, signal);
    assert.is(stream.response.statusCode, 200);
    assert.match(String(stream.response.headers["content-type"]), /^text\/event-stream/);
    assert.is(stream.response.headers["x-content-type-options"], "nosniff");
    const values = async (from: Stream): Promise<{ readonly id: string; readonly points: readonly string[] }> => {
      const { id, content } = await from.next("values");
      return { id, points: (content["values"] as readonly { reading: { point: string } }[]).map(({ reading }) => reading.point) };
    };
    assert.equal((await values(stream)).points, ["a"]);
    assert.ok(Array.isArray((await stream.next("standing")).content["conditions"]));
    await page.core.source.call("readings", { readings: [second] }, signal);
    const { id, points } = await values(stream);
    assert.equal(points, ["b"]);
    stream.close();
    await page.core.source.call("readings", { readings: [third] }, signal);
    const again = await openStream(page, anna, defer, signal, id);
    assert.equal((await values(again)).points, ["c"], "and not what was told before");
    const anew = await openStream(page, anna, defer, signal, "nonsense");
    assert.equal([...(await values(anew)).points].sort(), ["a", "b", "c"]);
  });
  test("CR 2.6 ends when its session is ended by an administrator, and says so", async (context) => {
    const { defer, signal } = context;
    const page = await startRunningPage(context, {}, { configuration: CONFIGURATION });
    const anna = await claim(page, signal);
    const carl = await join(page, anna, "carl", "customer");
    const stream = await openStream(page, carl, defer, signal);
    await stream.next("standing");
    const { sessions } = (await anna.ask("GET", "/api/v1/sessions")).json() as { sessions: readonly { id: string; account: string }[] };
    for (const { id, account } of sessions) if (account === "carl") assert.is((await anna.ask("DELETE", `/api/v1/sessions/${id}`)).status, 204);
    assert.equal((await stream.next("end")).content, { code: "SESSION_REQUIRED" });
    await assert.rejects(stream.next("values", "standing"), /the stream is over/);
    const refused = await openStream(page, carl, defer, signal);
    assert.is(refused.response.statusCode, 401);
  });
  test("CR 7.1 a session has four streams at most, and one that goes makes room", async (context) => {
    const { defer, signal } = context;
    const page = await startRunningPage(context, {}, { configuration: CONFIGURATION });
    const anna = await claim(page, signal);
    const streams: Stream[] = [];
    for (let count = 0; count < 4; count += 1) streams.push(await openStream(page, anna, defer, signal));
    for (const { response } of streams) assert.is(response.statusCode, 200);
    assert.is((await openStream(page, anna, defer, signal)).response.statusCode, 429);
    streams[0]?.close();
    const roomAgain = async (): Promise<boolean> => (await openStream(page, anna, defer, signal)).response.statusCode === 200;
    while (!(await roomAgain())) signal.throwIfAborted();
    assert.is((await anna.ask("GET", "/api/v1/me")).status, 200);
  });
  test("ends with the page", async (context) => {
    const { defer, signal } = context;
    const page = await startRunningPage(context, {}, { configuration: CONFIGURATION });
    const stream = await openStream(page, await claim(page, signal), defer, signal);
    await stream.next("standing");
    await page.page.close();
    await assert.rejects(stream.next("never"), (error) => error instanceof Error);
  });
});
