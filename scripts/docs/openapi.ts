// docs/openapi.json: the API of the gateway's page as OpenAPI 3.1, the same text that the page serves.

import { writeDescription } from "../../firmware/admin/routes/openapi.ts";
import type { GeneratedFile } from "./generated-file.ts";

export const openApiFile: GeneratedFile = { path: "docs/openapi.json", write: writeDescription };
