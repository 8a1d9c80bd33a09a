// The topology as a picture: machines by segment on the left, the gateway with its zones in the middle, everybody else on the right [K2.1.16].

import type { SegmentPlace, Topology } from "./topology.ts";

const ROW = 20;
const HEAD = 30;
const GAP = 16;
const MARGIN = 20;
const LEFT = { x: MARGIN, width: 400 };
const MIDDLE = { x: 520, width: 220 };
const RIGHT = { x: 840, width: 380 };
const WIDTH = RIGHT.x + RIGHT.width + MARGIN;
/** Of one segment; the text has all of them. */
const MOST_SHOWN = 40;

interface Box {
  readonly title: string;
  readonly rows: readonly string[];
}

/** A document of its own, without scripts, fonts or anything from elsewhere. */
export function drawTopology({ gateway, version, time, zones, segments, neighbours }: Topology): string {
  const left = stack(segments.map(segmentBox), LEFT);
  const right = stack(neighbours.map(({ name, address, words }) => ({ title: name, rows: [address, words].filter((row) => row !== "") })), RIGHT);
  const middle: Box = { title: gateway, rows: [`Weir ${version}`, ...zones.map(([name, state]) => `${name}: ${state}`)] };
  const height = Math.max(left.height, right.height, heightOf(middle)) + 2 * MARGIN + HEAD;
  const centre = (height + HEAD) / 2;
  const links = [...left.centres.map((y) => line(LEFT.x + LEFT.width, y, MIDDLE.x, centre)), ...right.centres.map((y) => line(MIDDLE.x + MIDDLE.width, centre, RIGHT.x, y))];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<title>${escape(`Topology of the gateway ${gateway}`)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(MARGIN, MARGIN + 6, `${gateway}, ${time}`, "#000000", "bold"),
    ...links,
    ...left.drawn,
    ...right.drawn,
    ...drawBox(middle, MIDDLE.x, centre - heightOf(middle) / 2, MIDDLE.width, "#dde8f6"),
    "</svg>",
    "",
  ].join("\n");
}

function segmentBox({ name, subnets, ports, machines }: SegmentPlace): Box {
  const shown = machines.slice(0, MOST_SHOWN).map((machine) => `${machine.name}  ${machine.address}  ${machine.link}`);
  const more = machines.length > MOST_SHOWN ? [`… and ${machines.length - MOST_SHOWN} more, see topology.txt`] : [];
  return { title: `${name}  ${subnets.join(", ")}`.trim(), rows: [...ports.map((port) => `port ${port}`), ...(machines.length === 0 ? ["no machine"] : shown), ...more] };
}

interface Stack {
  readonly drawn: readonly string[];
  readonly centres: readonly number[];
  readonly height: number;
}

function stack(boxes: readonly Box[], { x, width }: { readonly x: number; readonly width: number }): Stack {
  const drawn: string[] = [];
  const centres: number[] = [];
  let y = MARGIN + HEAD;
  for (const box of boxes) {
    drawn.push(...drawBox(box, x, y, width, "#f4f4f4"));
    centres.push(y + heightOf(box) / 2);
    y += heightOf(box) + GAP;
  }
  return { drawn, centres, height: y };
}

function heightOf({ rows }: Box): number {
  return HEAD + rows.length * ROW + 6;
}

function drawBox(box: Box, x: number, y: number, width: number, fill: string): readonly string[] {
  const frame = `<rect x="${x}" y="${y}" width="${width}" height="${heightOf(box)}" rx="6" fill="${fill}" stroke="#444444"/>`;
  return [frame, text(x + 10, y + 20, cut(box.title, width), "#000000", "bold"), ...box.rows.map((row, index) => text(x + 10, y + HEAD + 14 + index * ROW, cut(row, width), "#222222", "normal"))];
}

/** Some 7 units a character. */
function cut(words: string, width: number): string {
  const most = Math.floor((width - 20) / 7);
  return words.length > most ? `${words.slice(0, most - 1)}…` : words;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#888888"/>`;
}

function text(x: number, y: number, words: string, fill: string, weight: string): string {
  return `<text x="${x}" y="${y}" fill="${fill}" font-weight="${weight}">${escape(words)}</text>`;
}

/** Names come from machines: they stay text. What XML cannot hold is replaced. */
function escape(words: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return words.replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, "?").replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}
