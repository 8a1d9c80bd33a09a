// The whole table of a task's life: every state with every event.

import { TASK_STATES } from "../../../../firmware/conduit/tasks.ts";
import { isEnded, mayStart, nextState, TASK_EVENTS } from "../../../../firmware/core/tasks/task-states.ts";
import { assert, suite } from "../../../support/suite.ts";

suite("tasks, states", (test) => {
  test("U4.10.3a every event in every state leads where the table says, and an ended task stays as it is", () => {
    const table = Object.fromEntries(TASK_STATES.map((state) => [state, TASK_EVENTS.map((event) => nextState(state, event) ?? "-").join(" ")]));
    //                admit approve start repeat finish fail cancel expire
    assert.equal(table, {
      ordered: "waiting approved - - - failed cancelled expired",
      approved: "- - running - - failed cancelled expired",
      waiting: "- - running - - failed cancelled expired",
      running: "- - - waiting done failed cancelled expired",
      done: "- - - - - - - -",
      failed: "- - - - - - - -",
      cancelled: "- - - - - - - -",
      expired: "- - - - - - - -",
    });
    assert.equal(TASK_STATES.filter(isEnded), ["done", "failed", "cancelled", "expired"]);
  });
  test("U4.10.3a what waits for consent may not start", () => {
    assert.equal(TASK_STATES.filter(mayStart), ["approved", "waiting"]);
  });
});
