// Reads bodies: JSON and nothing else, bounded in what it is built of, and never a way to an object's prototype.

import type { FastifyInstance } from "fastify";
import { Fault } from "../../../drivers/contract/fault.ts";
import { findExcess } from "../../runtime/conduit-body.ts";

/** Any other content type is refused (415): what a form of another site can send is none of ours. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const excess = findExcess(body);
    if (excess !== undefined) return done(new Fault("INPUT_INVALID", `the body ${excess}`));
    void parse(request, body.toString("utf8"), done);
  });
}
