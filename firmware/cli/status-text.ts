// The status for a person, readable at three in the morning: one sentence first, then figures, then what is wrong and what to do.

import { describeCondition } from "../core/health/catalogue.ts";
import { isConditionCode } from "../core/health/condition-codes.ts";
import type { Language } from "../core/health/condition-codes.ts";
import type { Condition, Status } from "../conduit/status.ts";
import { printableLines } from "./printable.ts";

/** Machines that are listed one by one; beyond it only those that are not connected. */
const LISTED_ASSETS = 20;
/** Of those, at most. */
const LISTED_TROUBLES = 50;

const MIB = 1_048_576;

interface Words {
  readonly well: (gateway: string) => string;
  readonly ill: (gateway: string, count: number) => string;
  /** It has not come up yet, or goes down. */
  readonly between: Readonly<Record<"starting" | "stopping", (gateway: string) => string>>;
  readonly labels: Readonly<Record<"outbox" | "cloud" | "points" | "assets" | "zones" | "conditions" | "cause" | "effect" | "remedy" | "since" | "more", string>>;
  readonly outbox: (queued: number, dropped: number, rejected: number, oldest: string | undefined) => string;
  /** What waits for a person's decision. */
  readonly open: (pending: number, suspended: number) => string;
  readonly states: Readonly<Record<string, string>>;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    well: (gateway) => `${gateway} is running; nothing needs attention.`,
    ill: (gateway, count) => `${gateway} is running with ${count === 1 ? "1 thing that needs" : `${count} things that need`} attention.`,
    between: { starting: (gateway) => `${gateway} is starting and takes no readings yet.`, stopping: (gateway) => `${gateway} is stopping.` },
    labels: { points: "points", outbox: "Outbox", cloud: "Cloud", assets: "Machines", zones: "Zones", conditions: "Attention", cause: "why", effect: "so", remedy: "do", since: "since", more: "more" },
    outbox: (queued, dropped, rejected, oldest) => `${queued} readings wait${oldest === undefined ? "" : `, the oldest for ${oldest}`}; ${dropped} dropped, ${rejected} refused by the cloud`,
    open: (pending, suspended) => [pending === 0 ? "" : `${pending} waiting to be accepted`, suspended === 0 ? "" : `${suspended} suspended`].filter((text) => text !== "").join(", "),
    states: {},
  },
  de: {
    well: (gateway) => `${gateway} läuft; nichts braucht Aufmerksamkeit.`,
    ill: (gateway, count) => `${gateway} läuft; ${count === 1 ? "1 Punkt braucht" : `${count} Punkte brauchen`} Aufmerksamkeit.`,
    between: { starting: (gateway) => `${gateway} startet und nimmt noch keine Messwerte an.`, stopping: (gateway) => `${gateway} hält an.` },
    labels: { points: "Punkte", outbox: "Ausgang", cloud: "Cloud", assets: "Maschinen", zones: "Zonen", conditions: "Achtung", cause: "Grund", effect: "Folge", remedy: "Abhilfe", since: "seit", more: "weitere" },
    outbox: (queued, dropped, rejected, oldest) => `${queued} Messwerte warten${oldest === undefined ? "" : `, der älteste seit ${oldest}`}; ${dropped} verworfen, ${rejected} von der Cloud abgelehnt`,
    open: (pending, suspended) => [pending === 0 ? "" : `${pending} ${pending === 1 ? "wartet" : "warten"} auf Annahme`, suspended === 0 ? "" : `${suspended} ausgesetzt`].filter((text) => text !== "").join(", "),
    states: { connected: "verbunden", connecting: "verbindet", lost: "verloren", stopped: "angehalten", "not configured": "nicht konfiguriert", "not assigned": "nicht mehr zugeordnet", running: "läuft", blocked: "kann nicht starten", starting: "startet", waiting: "wartet", "not heard": "nicht gehört", silent: "still", stopping: "hält an", accepted: "angenommen", pending: "ausstehend", refused: "abgelehnt", suspended: "ausgesetzt" },
  },
};

/** Plain text that ends with a newline. What machines and brokers wrote of themselves cannot steer the terminal. */
export function writeStatus(status: Status, language: Language): string {
  const words = WORDS[language];
  const { outbox, cloud, conditions } = status;
  const state = (name: string): string => words.states[name] ?? name;
  const oldest = outbox.oldestSeconds === null ? undefined : writeDuration(outbox.oldestSeconds);
  const lines = [
    writeSentence(status, words),
    "",
    `${words.labels.outbox}: ${words.outbox(outbox.queued, outbox.dropped, outbox.rejected, oldest)}.`,
    `${words.labels.cloud}: ${state(cloud.state)}${cloud.peer === null ? "" : ` (${cloud.peer})`}.`,
    `${words.labels.zones}: ${Object.entries(status.zones).map(([name, zone]) => `${name} ${state(zone.state)}${zone.memoryBytes === undefined ? "" : ` (${Math.round(zone.memoryBytes / MIB)} MB)`}`).join(", ") || "-"}.`,
    ...writeAssets(status, words, state),
    ...conditions.flatMap((condition) => writeCondition(condition, language)),
  ];
  return `${lines.map(printableLines).join("\n")}\n`;
}

function writeSentence({ state, gateway, conditions }: Status, words: Words): string {
  if (state === "starting" || state === "stopping") return words.between[state](gateway);
  const urgent = conditions.filter(({ severity }) => severity !== "info").length;
  return urgent === 0 ? words.well(gateway) : words.ill(gateway, urgent);
}

function writeAssets({ assets }: Status, words: Words, state: (name: string) => string): readonly string[] {
  const all = Object.entries(assets).map(([id, asset]) => ({ id, ...asset }));
  const count = (...states: readonly string[]): number => all.filter((asset) => states.includes(asset.state)).length;
  const connected = all.filter(({ link }) => link === "connected").length;
  const chosen = all.length <= LISTED_ASSETS ? all : all.filter(({ link }) => link !== "connected").slice(0, LISTED_TROUBLES);
  const lines = chosen.map(({ id, name, link, state: own, points }) => `  ${name}: ${state(link)}${own === "accepted" ? "" : `, ${state(own)}`} (${id}, ${points} ${words.labels.points})`);
  const unlisted = all.length - chosen.length;
  const open = words.open(count("pending"), count("suspended"));
  // What waits or was refused is not meant to be connected.
  const head = `${words.labels.assets}: ${connected}/${count("accepted", "suspended")} ${state("connected")}${open === "" ? "" : `; ${open} (weir assets)`}.`;
  return [head, ...lines, ...(unlisted === 0 ? [] : [`  … ${unlisted} ${words.labels.more}`])];
}

function writeCondition(condition: Condition, language: Language): readonly string[] {
  const { labels } = WORDS[language];
  const { code, subject, detail } = condition;
  // A newer core may know codes that this command does not: then its own English stands.
  const { title, cause, effect, remedy } = isConditionCode(code) && detail !== undefined ? describeCondition(code, subject, detail, language) : condition;
  const indent = (text: string): string => text.replaceAll("\n", "\n      ");
  return [
    "",
    `${condition.severity === "info" ? "" : `${labels.conditions}: `}${title} [${code} ${subject}, ${labels.since} ${condition.since}]`,
    ...(cause === "" ? [] : [`  ${labels.cause}: ${indent(cause)}`]),
    `  ${labels.effect}: ${effect}`,
    `  ${labels.remedy}: ${remedy}`,
  ];
}

/** `3 d 4 h`, `12 min`, `5 s`: the two greatest units. */
export function writeDuration(seconds: number): string {
  const units = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]] as const;
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}
