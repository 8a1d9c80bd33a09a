// The section `contacts` of the configuration: whom to call about this gateway.

import Type from "typebox";
import type { Static } from "typebox";

const contact = (description: string) =>
  Type.Optional(
    Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 128, description: "The person, or the office." }),
        phone: Type.Optional(Type.String({ maxLength: 64, description: "Telephone." })),
        email: Type.Optional(Type.String({ maxLength: 254, description: "E-mail." })),
      },
      { additionalProperties: false, description },
    ),
  );

export const ContactsSchema = Type.Object(
  {
    itSecurity: contact("Who is responsible for IT security in the plant."),
    otAdministration: contact("Who is responsible for the administration of the machine networks."),
    vendor: contact("Who services the gateway."),
  },
  { additionalProperties: false, default: {}, description: "Whom to call about this gateway; shown on its page and in its snapshots. None of it decides anything." },
);
export type ContactsSettings = Static<typeof ContactsSchema>;
