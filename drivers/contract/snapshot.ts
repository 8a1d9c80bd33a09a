// What a machine shows of itself at one moment, for whoever has to find out what is wrong with it [U3.1-snap].

/** The parts of a snapshot, whatever the machine. */
export const SNAPSHOT_PARTS = ["identification", "status", "points", "events", "maintenanceStatus", "maintenanceReport", "usbLog", "faxReport", "applicationStatus"] as const;
export type SnapshotPartName = (typeof SNAPSHOT_PARTS)[number];

/** What the machine gave, as plain data; or why there is nothing, in words for people. */
export type SnapshotPart = { readonly document: unknown } | { readonly missing: string };

/** Each part once. */
export type Snapshot = Readonly<Record<SnapshotPartName, SnapshotPart>>;
