// Core's side of what the cloud is told of tasks.

import type { cloudConduit } from "../../conduit/cloud.ts";
import type { TaskProgress } from "../../protocol/cloud-payloads.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";
import type { Task } from "../tasks/task.ts";

/** In one answer. */
const MOST = 20;

export function makeCloudTaskHandlers({ gateway, tasks, writeTurn }: CoreParts): Pick<Handlers<typeof cloudConduit>, "tasks" | "taskTold"> {
  return {
    tasks: async ({ after, waitMs }, { signal }) => {
      await tasks.revision.wait(after, waitMs, signal);
      return { revision: tasks.revision.value, tasks: tasks.untold(MOST).map((task) => ({ id: task.id, change: task.change, text: JSON.stringify(progressOf(gateway, task)) })) };
    },
    taskTold: async ({ id, change }) => {
      await writeTurn();
      tasks.tell(id, change);
      return {};
    },
  };
}

/** Without the names of people: who ordered and who consented stays at the plant. */
function progressOf(gateway: string, { id, kind, target, state, needsApproval, words, ordered, changed, result }: Task): TaskProgress {
  return { gateway, id, kind, target, state, needsApproval, words, ordered, changed, result };
}
