import type { Contact, Plan, World } from "#core/batch";
import type { MessageItem } from "#core/inbound";
import { uuid } from "#core/uuid";

/** The contact behind these addresses: the first address the channel vouches for and we know decides. */
const findContact = (world: World, item: MessageItem): Contact | null => {
  for (const [index, address] of item.addresses.entries()) {
    const identity = index === 0 || address.verified ? world.identities.get(address.hash) : undefined;
    const contact = identity === undefined ? undefined : world.contacts.get(identity.contactId);
    if (contact !== undefined) return contact;
  }
  return null;
};

const addIdentities = (world: World, plan: Plan, item: MessageItem, contact: Contact): void => {
  for (const address of item.addresses) {
    if (world.identities.has(address.hash)) continue;
    const identity = { id: uuid(), contactId: contact.id, tenantId: contact.tenantId, address };
    world.identities.set(address.hash, identity);
    plan.identities.push(identity);
  }
};

/** Finds or makes the person, and learns their name and addresses. */
export const person = (world: World, plan: Plan, item: MessageItem, fallback: Contact | null): Contact => {
  const { event, account } = item;
  const known = findContact(world, item) ?? (item.addresses.length === 0 ? fallback : null);
  const said = event.own ? "" : (event.from.name ?? "");
  const contact: Contact = known ?? {
    id: uuid(),
    tenantId: account.tenantId,
    name: said,
    anonymous: item.addresses.length === 0,
    language: event.own ? null : (event.from.language ?? null),
    isNew: true,
    renamed: false,
  };
  if (known === null) world.contacts.set(contact.id, contact);
  else if (contact.name === "" && said !== "") {
    contact.name = said;
    contact.renamed = true;
  }
  addIdentities(world, plan, item, contact);
  return contact;
};
