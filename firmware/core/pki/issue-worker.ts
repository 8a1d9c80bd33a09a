// The thread that `issue` starts: makes one certificate and ends.

import { parentPort, workerData } from "node:worker_threads";
import { asFault, reportFault } from "../../../drivers/contract/fault.ts";
import type { Answer, Issued, Order } from "./orders.ts";
import { writePage, writePageRequest, writePeopleAuthority } from "./write-page.ts";
import { writeAuthority, writeMachine, writeServer } from "./write-certificate.ts";

parentPort?.postMessage(work(workerData as Order));

function work(order: Order): Answer {
  try {
    return { issued: carryOut(order) };
  } catch (error) {
    return { fault: reportFault(asFault(error)) };
  }
}

function carryOut(order: Order): Issued {
  switch (order.kind) {
    case "authority":
      return writeAuthority(order);
    case "server":
      return writeServer(order);
    case "people-authority":
      return writePeopleAuthority(order);
    case "page":
      return writePage(order);
    case "page-request":
      return writePageRequest(order);
    case "machine":
    default:
      return writeMachine(order);
  }
}
