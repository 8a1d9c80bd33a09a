// docs/detections.md: what detection finds, from the table that core uses.

import { KIND_NAMES, KINDS } from "../../firmware/core/detection/finding.ts";
import { markdownNotice, type GeneratedFile } from "./generated-file.ts";

export const detectionsFile: GeneratedFile = { path: "docs/detections.md", write: writeDetections };

const INTRO = `What the gateway notices of attackers and strangers on its networks, without looking into any packet: the kernel keeps bounded sets of who was
refused, where to, and who speaks on the machine networks; core looks at them every ten seconds.

    weir detections            # the newest first; --all, --json
    weir detections accept     # they were seen: their conditions go, and what speaks on the segments now is known

- One event for each kind, side and source: an entry in the audit log (\`detection.raised\`) and a condition, which fades an hour after the last time. What goes on
  is counted. What was accepted is counted silently until it has been quiet for an hour.
- It is told 10 to 20 seconds after its first packet: the second look decides, so that a scan is not told twice.
- The first hour of a segment is for learning: new devices are known silently. \`weir detections accept\` ends it. Contradictions are told all the time.
- At most 8 events a minute for one kind and side, 30 for all; what is more is one event of the source \`others\`. 10,000 are kept.
- Only on an appliance: where there is no zone host, nothing is watched.

Broadcasts, and answers that come too late (TCP without SYN, UDP from port 32,768), are counted by the firewall and are no attempts.`;

function writeDetections(): string {
  const rows = KIND_NAMES.map((name) => {
    const { severity, condition, source, says } = KINDS[name];
    return `| \`${name}\` | ${severity} | ${source} | ${says} | [${condition}](conditions.md#${condition.toLowerCase()}) |`;
  });
  return [markdownNotice("firmware/core/detection"), "", "# Detections", "", INTRO, "", "| kind | severity | source | what it is | condition |", "| --- | --- | --- | --- | --- |", ...rows, ""].join("\n");
}
