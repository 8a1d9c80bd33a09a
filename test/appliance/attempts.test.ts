// limit: 300s
// Shows on a booted appliance what code that has taken over a zone gets: in a unit with exactly the zone's walls, every attempt of the lists
// attempts-*.ts has the outcome that stands there.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/gateway.ts";
import { assert, suite } from "../support/suite.ts";
import { buildTown, HOUSES, type Town } from "../walls/town.ts";
import type { Attempt, Outcome, ZoneName } from "./attempt-kinds.ts";
import { AS_USER, CONDUITS, OTHER_ZONES, PROGRAMS, SECRETS, WRITES } from "./attempts-files.ts";
import { CALLS, SOCKETS } from "./attempts-kernel.ts";
import { bindEverything, INSIDE, places, reachEverything } from "./attempts-network.ts";
import { compile } from "./compile.ts";
import { isServed, NEIGHBOURHOOD_NEEDS, RESOLV_CONF, startNeighbourhood } from "./neighbourhood.ts";
import { APPLIANCE_NEEDS, confirmWalls, startAppliance, type Appliance } from "./start-appliance.ts";

const ZONES = ["field", "cloud", "admin", "core", "host"] as const satisfies readonly ZoneName[];
/** Those whose zones do not run: the users and their place in the rules are there. */
const USERS_WITHOUT_UNIT = ["weir-devices", "weir-plant", "weir-console"];
type Counters = ReturnType<Appliance["counters"]>;
const FOLDER = "/usr/lib/weir/test/appliance";

suite(
  "appliance, attempts",
  (test) => {
    test("NDR 5.2, CR 2.1, EDR 3.2 code that runs as a zone, in its unit's walls, reaches nothing but what is declared for it, by any means on the list", async (context) => {
      const town = buildTown(context.defer);
      const neighbours = await startNeighbourhood(context, town, { rate: 1 });
      const program = Object.fromEntries(["attempts.ts", "attempt-kinds.ts"].map((name) => [`${FOLDER}/${name}`, readFileSync(join(import.meta.dirname, name))]));
      const files = { "etc/resolv.conf": RESOLV_CONF, ...program, [`${FOLDER}/syscall.node`]: readFileSync(compile(context.defer, "syscall")) };
      const appliance = await startAppliance(context, town, { configuration: neighbours.configuration, files });
      await confirmWalls(appliance, context.signal);
      neighbours.introduce(appliance);
      await until("field's unit has its ports", context.signal, () => appliance.run("systemctl", ["show", "--property=SocketBindAllow", "weir-field.service"]).includes("tcp1883"), 120_000, 500);
      await listenEverywhere(town, context.signal);
      const surprises: string[] = [];
      for (const zone of ZONES) {
        const before = appliance.counters();
        const outcomes = makeAttempts(appliance, zone);
        surprises.push(...judgeList(zone, attemptsOf(zone), outcomes));
        // Core has no network, and host no socket that could ask for one: there is nothing to count.
        if (zone === "field" || zone === "cloud" || zone === "admin") surprises.push(...demandCounted(zone, before, appliance.counters(), outcomes));
      }
      for (const user of USERS_WITHOUT_UNIT) surprises.push(...judgeList(user, AS_USER.filter(({ name }) => user !== "weir-console" || !name.endsWith("console.sock")), attemptAsUser(appliance, user)));
      assert.equal(surprises, []);
      assert.equal(appliance.run("ss", ["--listening", "--unix", "--no-header"]).split("\n").filter((line) => / @/.test(line)), [], "sockets without a file, which have no owner");
    }, { limitMs: 240_000 });
  },
  { needs: [...APPLIANCE_NEEDS, ...NEIGHBOURHOOD_NEEDS, "gcc"] },
);

/** The zone's own unit with drop-ins, and only what it starts exchanged: it ends, so it does not say that it is ready, and is not restarted. */
function makeAttempts(appliance: Appliance, zone: ZoneName): readonly Outcome[] {
  const unit = `weir-attempt-${zone}.service`;
  const orders = `${FOLDER}/orders-${zone}.json`;
  const changes: Readonly<Record<string, string>> = { Type: "oneshot", Restart: "no", WatchdogSec: "0", ExecStart: `/usr/lib/weir/bin/node --disable-sigusr1 ${FOLDER}/attempts.ts ${orders}` };
  const real = appliance.run("systemctl", ["cat", `weir-${zone}.service`]);
  const text = real.replaceAll(/^(\w+)=.*$/gm, (line, key: string) => (Object.hasOwn(changes, key) ? `${key}=${changes[key] ?? ""}` : line));
  // What it prints, and that the real zone's folder stays when it ends.
  const more = `[Service]\nStandardOutput=truncate:/run/attempts-${zone}\nRuntimeDirectoryPreserve=yes\n`;
  appliance.run("tee", [`/run/systemd/system/${unit}`], `${text}\n${more}`);
  const facts = JSON.stringify(readFacts(appliance, zone));
  appliance.run("tee", [orders], `{"attempts": ${JSON.stringify(attemptsOf(zone))}, "facts": ${facts}}`);
  appliance.run("systemctl", ["daemon-reload"]);
  const { code, text: said } = appliance.attempt("systemctl", ["start", unit]);
  if (code !== 0) throw new Error(`${unit}: ${said}${appliance.run("journalctl", ["--no-pager", "-n", "30", "-u", unit])}`);
  // A zone that got new limits meanwhile runs as another process.
  if (JSON.stringify(readFacts(appliance, zone)) !== facts) return makeAttempts(appliance, zone);
  return appliance.run("cat", [`/run/attempts-${zone}`]).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Outcome);
}

function attemptsOf(zone: ZoneName): readonly Attempt[] {
  const all = [...reachEverything(zone), ...bindEverything(zone), ...SOCKETS, ...CALLS, ...SECRETS, ...CONDUITS, ...WRITES, ...PROGRAMS, ...OTHER_ZONES];
  return all.filter(({ zones, on }) => (zones ?? ZONES).includes(zone) && (on ?? process.arch) === process.arch);
}

function readFacts(appliance: Appliance, zone: ZoneName): Readonly<Record<string, string | number>> {
  const pids = ZONES.map((name) => [`pid:${name}`, appliance.mainPid(`weir-${name}.service`)] as const);
  const journal = appliance.run("find", ["/var/log/journal", "/run/log/journal", "-name", "system.journal"]).split("\n")[0] ?? "";
  return { zone, journal, "uid:core": appliance.userId("weir-core"), ...Object.fromEntries(pids) };
}

/** Without a unit's walls: what the users alone keep apart. */
function attemptAsUser(appliance: Appliance, user: string): readonly Outcome[] {
  const orders = `${FOLDER}/orders-${user}.json`;
  appliance.run("tee", [orders], JSON.stringify({ attempts: AS_USER, facts: readFacts(appliance, "core") }));
  const text = appliance.run("setpriv", ["--reuid", user, "--regid", user, "--clear-groups", "/usr/lib/weir/bin/node", `${FOLDER}/attempts.ts`, orders]);
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Outcome);
}

/** What the rules refused: `silence`, and EPERM where a datagram is refused at once. */
function demandCounted(zone: ZoneName, before: Counters, after: Counters, outcomes: readonly Outcome[]): readonly string[] {
  const refused = outcomes.filter(({ name, outcome }) => name.startsWith("reach ") && (outcome === "silence" || outcome === "EPERM")).length;
  const counter = `denied_of_${zone}`;
  const counted = (after[counter] ?? 0) - (before[counter] ?? 0);
  return counted >= refused && refused > 0 ? [] : [`${zone}: ${refused} attempts were refused, ${counted} counted`];
}

function judgeList(who: string, attempts: readonly Attempt[], outcomes: readonly Outcome[]): readonly string[] {
  return attempts.flatMap(({ name, outcome }) => {
    const allowed = [outcome].flat();
    const found = outcomes.find((one) => one.name === name)?.outcome ?? "was not tried";
    return allowed.includes(found) ? [] : [`${who}: ${name}: ${found}, not ${allowed.join(" or ")}`];
  });
}

/** In every house, and as root on the gateway itself. The cloud's own servers have their places already. */
async function listenEverywhere(town: Town, signal: AbortSignal): Promise<void> {
  const taken = new Set(["9.9.9.9 8883/tcp", "2a00:40::9 8883/tcp", "10.40.0.1 53/udp"]);
  const free = (addresses: readonly string[]) => places(addresses).filter((place) => !isServed(place) && !taken.has(`${place.address} ${place.port}/${place.protocol}`));
  await Promise.all([...HOUSES.map(({ name, hosts }) => town.start(name, 0).listen(free(hosts), signal)), town.start("gateway", 0).listen(free(INSIDE), signal)]);
}
