import { useState, type ReactNode } from "react";
import { Avatar, Empty } from "../../kit/bits.tsx";
import { Select, TextField } from "../../kit/field.tsx";
import { tenantOf, useDesk, useWords } from "../context.ts";
import { Load, Queries } from "../query.tsx";
import { ContactCard } from "./card.tsx";
import "../styles/pages.css";

interface Found {
  readonly contacts: readonly { id: string; tenantId: string; name: string; identities: readonly string[] }[];
}

const Contacts = (): ReactNode => {
  const { t } = useWords();
  const { boot } = useDesk();
  const [tenantId, setTenantId] = useState(boot.tenants[0]?.id ?? "");
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const wanted = query.trim();
  return (
    <main className="page" id="main">
      <h1>{t("shell.contacts")}</h1>
      <div className="toolbar">
        <Select
          label={t("common.client")}
          value={tenantId}
          choices={boot.tenants.map((tenant) => ({ value: tenant.id, label: tenant.name }))}
          onValue={(value) => {
            setTenantId(value);
            setChosen(null);
          }}
        />
        <TextField
          label={t("contacts.find")}
          type="search"
          value={query}
          autoFocus
          onChange={(event) => setQuery(event.target.value)}
        />
      </div>
      {wanted.length < 2 ? (
        <Empty icon="search" title={t("contacts.type")} />
      ) : (
        <Queries>
          <div className="contacts">
            <Load<Found> path={`/api/contacts?${new URLSearchParams({ tenantId, query: wanted })}`}>
              {({ contacts }) =>
                contacts.length === 0 ? (
                  <Empty icon="contacts" title={t("merge.nobody")} />
                ) : (
                  <ul className="contact-list">
                    {contacts.map((one) => (
                      <li key={one.id}>
                        <button type="button" aria-pressed={chosen === one.id} onClick={() => setChosen(one.id)}>
                          <Avatar id={one.id} name={one.name} />
                          <span>
                            <strong>{one.name === "" ? t("contact.anonymous") : one.name}</strong>
                            <span className="muted">{one.identities.join(" · ")}</span>
                          </span>
                          <span
                            className="dot"
                            style={{ background: tenantOf(boot, one.tenantId)?.color ?? "transparent" }}
                          />
                        </button>
                      </li>
                    ))}
                  </ul>
                )
              }
            </Load>
            {chosen === null ? null : <ContactCard key={chosen} id={chosen} />}
          </div>
        </Queries>
      )}
    </main>
  );
};
export default Contacts;
