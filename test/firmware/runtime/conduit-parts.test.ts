// Shows the parts of a conduit one by one: paths, systemd's sockets, problems, identities and remembered answers.

import { spawn } from "node:child_process";
import { chmodSync, chownSync, linkSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { FAULT_CODES, Fault } from "../../../drivers/contract/fault.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import { readIdentity, writeHead } from "../../../firmware/runtime/conduit-headers.ts";
import { handedOverSocket } from "../../../firmware/runtime/conduit-listen.ts";
import { conduitSocket, prepareRunFolder, refuseForeignFolder } from "../../../firmware/runtime/conduit-path.ts";
import { AWAY_STATUS, readProblem, statusOf, writeProblem } from "../../../firmware/runtime/conduit-problem.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { rememberAnswers } from "../../../firmware/runtime/remembered-answers.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

suite("conduit socket path", (test) => {
  test("lies in the data directory's run folder", ({ defer }) => {
    const dir = makeTempDir(defer);
    assert.is(conduitSocket(dir, "source-field"), join(dir, "run", "source-field.sock"));
  });

  test("is short enough for a socket, and the same by every way to the directory", ({ defer }) => {
    const dir = makeTempDir(defer);
    const deep = join(dir, "x".repeat(60), "y".repeat(60));
    mkdirSync(deep, { recursive: true });
    symlinkSync(deep, join(dir, "link"));
    const path = conduitSocket(deep, "source-field");
    assert.ok(Buffer.byteLength(path) <= 107, path);
    assert.is(conduitSocket(join(dir, "link"), "source-field"), path);
    assert.not(conduitSocket(dirname(deep), "source-field") === path);
  });

  test("gets a folder for its owner alone, also where it was open before", ({ defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "x");
    mkdirSync(dirname(socket));
    chmodSync(dirname(socket), 0o777);
    prepareRunFolder(socket);
    assert.is(statSync(dirname(socket)).mode & 0o777, 0o700);
  });

  test("is refused where the folder is a link or another user's", ({ defer }) => {
    const dir = makeTempDir(defer);
    const folder = join(dir, "run");
    mkdirSync(join(dir, "other"));
    symlinkSync(join(dir, "other"), folder);
    assert.throws(() => prepareRunFolder(join(folder, "x.sock")), "ACCESS_DENIED");
    chownSync(join(dir, "other"), 65_534, 65_534);
    assert.throws(() => prepareRunFolder(join(dir, "other", "x.sock")), "ACCESS_DENIED");
    assert.throws(() => refuseForeignFolder(join(dir, "other", "x.sock")), "ACCESS_DENIED");
    refuseForeignFolder(join(dir, "none", "x.sock"));
  }, { needs: ["root"] });
});

/** The descriptor under which this process holds the listening socket; Node tells it of the handle only. */
function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, "_handle");
  return Number(Reflect.get(Object(handle), "fd"));
}

suite("socket handed over by systemd", (test) => {
  test("is found by its name and only by the process it is meant for", () => {
    const given = { LISTEN_PID: "12", LISTEN_FDS: "2", LISTEN_FDNAMES: "cloud:local" };
    assert.is(handedOverSocket("cloud", given, 12), 3);
    assert.is(handedOverSocket("local", given, 12), 4);
    assert.is(handedOverSocket("source-field", given, 12), undefined);
    assert.is(handedOverSocket("cloud", given, 13), undefined);
    assert.is(handedOverSocket("local", { ...given, LISTEN_FDS: "1" }, 12), undefined);
    assert.is(handedOverSocket("local", {}, 12), undefined);
  });

  test("is served, and its file stays when the server ends", async ({ signal, defer }) => {
    const socket = conduitSocket(makeTempDir(defer), "local");
    mkdirSync(dirname(socket), { mode: 0o700 });
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(`${socket}.held`, resolve));
    // Node removes the file that it listened on; the socket itself lives on under its second name.
    linkSync(`${socket}.held`, socket);
    const fixture = fileURLToPath(new URL("fixture-activated.ts", import.meta.url));
    const env = { ...process.env, LISTEN_FDS: "1", LISTEN_FDNAMES: "local" };
    const child = spawn("/bin/sh", ["-c", 'LISTEN_PID=$$ exec "$@"', "sh", process.execPath, fixture, socket], { stdio: ["ignore", "inherit", "inherit", descriptorOf(holder)], env });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    defer(() => child.kill("SIGKILL"));
    holder.close();
    const client = openConduit(localConduit, { socket, clock: systemClock, epoch: "e", log: silentLog });
    defer(() => client.close());
    assert.equal(await client.call("secretNames", {}, signal), { names: ["from-the-activated"] });
    child.kill("SIGTERM");
    await exited;
    assert.ok(statSync(socket).isSocket());
  });
});

suite("problem answers", (test) => {
  test("carry every fault of the table both ways", () => {
    for (const code of FAULT_CODES) {
      const fault = new Fault(code, "what", { where: "here", remedy: "So." });
      const back = readProblem(statusOf(code), JSON.stringify(writeProblem(fault)), "route");
      assert.is(back.code, code);
      assert.is(back.kind, fault.kind);
      assert.is(String(back), String(fault));
    }
  });

  test("say 503 only where the caller shall come again", () => {
    assert.equal(FAULT_CODES.filter((code) => statusOf(code) === AWAY_STATUS), ["CONDUIT_UNAVAILABLE", "CANCELLED"]);
  });

  test("that are none become a fault too", () => {
    assert.is(readProblem(503, "<html>", "r").code, "CONDUIT_UNAVAILABLE");
    for (const text of ["", "null", "[1]", '{"code":"NOPE"}', '{"code":7}']) assert.is(readProblem(500, text, "r").code, "DEFECT");
  });
});

suite("conduit headers", (test) => {
  test("name a request completely or not at all", () => {
    assert.equal(readIdentity({ "weir-epoch": "a-1", "weir-number": "7" }), { epoch: "a-1", number: 7 });
    assert.is(readIdentity({}), undefined);
    assert.is(readIdentity({ "weir-epoch": "a-1" }), undefined);
    for (const [epoch, number] of [[undefined, "7"], ["a b", "7"], ["a", "07"], ["a", "7.0"], ["a", "9007199254740993"], ["x".repeat(65), "1"]]) {
      assert.throws(() => readIdentity({ "weir-epoch": epoch, "weir-number": number }), "INPUT_INVALID");
    }
  });

  test("hold any text of a head in ASCII", () => {
    const head = { name: "Größe ✓ 😀\r\nx: y" };
    assert.match(writeHead(head), /^[\x20-\x7e]*$/);
    assert.equal(JSON.parse(writeHead(head)), head);
  });
});

suite("remembered answers", (test) => {
  const identity = { epoch: "e", number: 1 };

  test("do the work once, for a repeat after and during the first", async () => {
    let count = 0;
    const answers = rememberAnswers<number>();
    const work = async (): Promise<number> => (count += 1);
    assert.equal(await Promise.all([answers.answer(identity, work), answers.answer(identity, work)]), [1, 1]);
    assert.is(await answers.answer(identity, work), 1);
    assert.is(await answers.answer({ epoch: "e", number: 2 }, work), 2);
    assert.is(await answers.answer({ epoch: "f", number: 1 }, work), 3);
  });

  test("do the work again where it failed, and where nobody says who asks", async () => {
    const answers = rememberAnswers<number>();
    await assert.rejects(answers.answer(identity, () => Promise.reject(new Fault("STORAGE_BUSY", "busy"))), "STORAGE_BUSY");
    assert.is(await answers.answer(identity, async () => 5), 5);
    assert.is(await answers.answer(undefined, async () => 6), 6);
    assert.is(await answers.answer(undefined, async () => 7), 7);
  });

  test("keep the newest only", async () => {
    const answers = rememberAnswers<number>(2);
    for (const number of [1, 2, 3]) await answers.answer({ epoch: "e", number }, async () => number);
    assert.is(await answers.answer({ epoch: "e", number: 2 }, async () => -1), 2);
    assert.is(await answers.answer({ epoch: "e", number: 1 }, async () => -1), -1);
  });
});
