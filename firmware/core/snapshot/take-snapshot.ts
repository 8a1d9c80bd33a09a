// The snapshot of the gateway: all that helps to find out what is wrong with it, and nothing that opens anything [K2.1.16].

import { statfs } from "node:fs/promises";
import { loadavg, totalmem } from "node:os";
import { dirname } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import { asFault } from "../../../drivers/contract/fault.ts";
import { describeSubject, listSubjects } from "../acceptance/describe.ts";
import { CLOUD } from "../cloud-state.ts";
import { writeItems } from "../conduits/written.ts";
import { machinesOf } from "../configuration/machines.ts";
import type { CoreParts } from "../parts.ts";
import { reportTask } from "../tasks/task.ts";
import { packSnapshot } from "./pack.ts";

/** Entries of the register, and detections, that it holds. */
const MOST_ENTRIES = 10_000;
const MOST_DETECTIONS = 1000;
const MOST_TASKS = 200;

type Put = (name: string, text: string) => void;
type Tell = (progress: number, doing: string) => void;

/** What gathering works with. */
interface Gathering {
  readonly core: CoreParts;
  readonly put: Put;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/** Writes it into `file`. In as many turns of the event loop as it takes, and in a thread. */
export async function takeGatewaySnapshot(core: CoreParts, file: string, tell: Tell, signal: AbortSignal): Promise<{ readonly name: string; readonly words: string }> {
  const { clock, gateway } = core;
  const timeMs = clock.now();
  const time = new Date(timeMs).toISOString();
  await packSnapshot({ file, timeMs }, (put) => gather({ core, put, tell, signal }, time, file), clock, signal);
  return { name: `${gateway}-${time.slice(0, 19).replaceAll(":", "")}.zip`, words: "All parts are in the file; its README.txt says what they are." };
}

async function gather(gathering: Gathering, time: string, file: string): Promise<void> {
  const { core, put, tell, signal } = gathering;
  const { conditions, configuration, detections, tasks, turns } = core;
  put("summary", JSON.stringify(await summarize(core, time, file), null, 2));
  const { assets, ...rest } = configuration.current;
  put("configuration", `${JSON.stringify(rest).slice(0, -1)},"assets":[`);
  await putItems(gathering, "configuration", assets, (asset) => JSON.stringify(asset));
  put("configuration", "]}");
  put("machines", "[");
  await putItems(gathering, "machines", machinesOf(core), (machine) => JSON.stringify(machine));
  put("machines", "]");
  tell(0.2, "It gathers the register.");
  put("register", "[");
  await putItems(gathering, "register", await listSubjects(core, "", MOST_ENTRIES), ([key, subject]) => JSON.stringify(describeSubject(core, key, subject)));
  put("register", "]");
  await putStatus(gathering);
  tell(0.4, "It gathers conditions, detections and journals.");
  put("conditions", "[");
  await putItems(gathering, "conditions", conditions.list(), (condition) => JSON.stringify(condition));
  put("conditions", "]");
  put("detections", "[");
  await putItems(gathering, "detections", detections.newest(MOST_DETECTIONS), (detection) => JSON.stringify(detection));
  put("detections", "]");
  await turns.next();
  put("tasks", JSON.stringify(tasks.newest(MOST_TASKS).map(reportTask)));
  tell(0.6, "It asks how network and firewall stand.");
  put("network", JSON.stringify(await core.system.report(signal), null, 2));
  await putJournals(core, put);
  tell(0.8, "It packs.");
}

async function putItems<T>({ core: { turns }, put, signal }: Gathering, name: string, items: Iterable<T>, write: (item: T) => string): Promise<void> {
  for (const piece of await writeItems(items, write, turns, signal)) {
    await turns.next();
    put(name, piece);
  }
}

async function summarize({ clock, gateway, startedMs, version }: CoreParts, time: string, file: string): Promise<object> {
  const storage = await statfs(dirname(file)).then(({ bavail, blocks, bsize }) => ({ bytes: blocks * bsize, free: bavail * bsize }), (error: unknown) => asFault(error).message);
  const { node, openssl, v8, sqlite } = process.versions;
  return {
    format: "weir-gateway-snapshot/1", gateway, version, time, timeQuality: clock.timeQuality(), bootId: clock.boot().id, hostUptimeSeconds: Math.round(clock.boot().ms / 1000), coreUptimeSeconds: Math.round((clock.uptimeMs() - startedMs) / 1000),
    versions: { node, openssl, v8, sqlite, platform: `${process.platform} ${process.arch}`, packages: packageJson.dependencies },
    memory: { hostBytes: totalmem(), coreBytes: process.memoryUsage.rss() }, load: loadavg(), storage,
  };
}

/** As `weir status` has it, and of each assignment how it stands. */
async function putStatus(gathering: Gathering): Promise<void> {
  const { core, put } = gathering;
  const { cloud, conditions, configuration, links, outbox, register, zones } = core;
  const report = cloud.report;
  const standing = { state: conditions.state(), zones: zones.standings, outbox: outbox.figures(CLOUD), cloud: { state: configuration.current.cloud === undefined ? "not configured" : (report?.state ?? "connecting"), peer: report?.peer ?? null } };
  put("status", `${JSON.stringify(standing).slice(0, -1)},"links":{`);
  const model = (name: string): string => register.behind(name).map((id) => register.get(id)?.nameplate).map((plate) => (plate === undefined ? "" : `${plate.manufacturer} ${plate.model} ${plate.serialNumber}`)).join(", ");
  const write = ({ name }: { readonly name: string }): string => {
    const link = links.get(name);
    return `${JSON.stringify(name)}:${JSON.stringify({ link: link?.state ?? "connecting", via: link?.via ?? null, fault: link?.fault ?? null, model: model(name) })}`;
  };
  await putItems(gathering, "status", machinesOf(core), write);
  put("status", "}}");
}

/** The last lines of core's own journal and of those of the zones that tell theirs; redacted when they were written. */
async function putJournals({ recent, turns, zones }: CoreParts, put: Put): Promise<void> {
  const journals = [["core", recent?.all ?? []] as const, ...[...zones.journals].map(([zone, journal]) => [zone, journal.all] as const)];
  for (const [zone, lines] of journals) {
    await turns.next();
    put(`log/${zone.replaceAll(/[^A-Za-z0-9_-]/g, "_")}`, lines.map((line) => `${line}\n`).join(""));
  }
}
