// Core's side of tasks.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";

const notYet = (): never => {
  throw new Fault("NOT_SUPPORTED", "not built yet");
};

export function makeTaskHandlers(_core: CoreParts): Pick<PeopleHandlers, "tasks" | "task" | "orderTask" | "approveTask" | "cancelTask" | "taskResult"> {
  return { tasks: notYet, task: notYet, orderTask: notYet, approveTask: notYet, cancelTask: notYet, taskResult: notYet };
}
