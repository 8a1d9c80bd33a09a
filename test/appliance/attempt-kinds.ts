// What code that has taken over a zone can be told to try, and how it says what came of it.

export type ZoneName = "field" | "cloud" | "admin" | "core" | "host";

export type Act =
  /** A system call as it is; strings and bytes are handed over by address. */
  | { readonly call: string; readonly args: readonly (number | string | { readonly bytes: number | readonly number[] })[] }
  /** The first packets of a connection, or a datagram that is answered to whoever gets through. */
  | { readonly reach: "tcp" | "udp"; readonly address: string; readonly port: number; readonly isDeclared: boolean }
  | { readonly bind: "tcp" | "udp"; readonly address: string; readonly port: number }
  | { readonly socket: string }
  /** Every socket below /run that accepts a connection, but these. */
  | { readonly socketsBut: readonly string[] }
  /** The first byte of a file, or the names in a folder. */
  | { readonly read: string }
  /** Opens for writing; a file that is not there is made. */
  | { readonly write: string }
  | { readonly make: "folder" | "link"; readonly path: string }
  | { readonly execute: readonly string[] }
  /** Writes a program where it may write, and starts it. */
  | { readonly plant: string }
  /** A memory file with a program in it. */
  | { readonly plantInMemory: true }
  | { readonly loadInto: string }
  | { readonly signal: string }
  /** Writes until it is refused; the outcome is `bounded` when that was within so many bytes. */
  | { readonly fill: string; readonly bytes: number }
  /** Names of folders in /proc that are processes of others. */
  | { readonly strangersIn: "/proc" };

/** In a text, `{pid:core}` stands for that zone's process, `{uid:core}` for its user, `{zone}` for the zone whose walls are tried. */
export interface Attempt {
  readonly name: string;
  readonly act: Act;
  /** What must come of it: an error's name, `silence`, … Of several, any. */
  readonly outcome: string | readonly string[];
  readonly zones?: readonly ZoneName[];
  /** Processor that has this call; all unless said. */
  readonly on?: NodeJS.Architecture;
}

/** What the attempting process reads and prints. */
export interface Orders {
  readonly attempts: readonly Attempt[];
  /** What stands in braces. */
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface Outcome {
  readonly name: string;
  readonly outcome: string;
}
