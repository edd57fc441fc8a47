import type { ReactNode } from "react";
import type { MessageView } from "#wire";
import { Icon } from "../../kit/icons.tsx";
import { useWords } from "../context.ts";
import { Marks } from "./marks.tsx";
import "../styles/cards.css";

type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : []);
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

const Place = ({ detail }: { detail: Fields }): ReactNode => {
  const { t } = useWords();
  const [lat, lng] = [number(detail["lat"]), number(detail["lng"])];
  if (lat === null || lng === null) return null;
  const name = text(detail["name"]);
  const address = text(detail["address"]);
  return (
    <div className="card">
      <p className="card-head">
        <Icon name="pin" />
        <strong>{name === "" ? t("card.place") : name}</strong>
      </p>
      {address === "" ? null : <p>{address}</p>}
      <p className="muted">
        {lat.toFixed(5)}, {lng.toFixed(5)}
      </p>
      <a
        className="card-link"
        href={`https://www.openstreetmap.org/?mlat=${lat}&mlon=${lng}#map=17/${lat}/${lng}`}
        target="_blank"
        rel="noopener noreferrer nofollow"
      >
        {t("card.map")}
      </a>
    </div>
  );
};

const Contacts = ({ of }: { of: readonly Fields[] }): ReactNode => (
  <>
    {of.map((one, index) => (
      <div className="card" key={index}>
        <p className="card-head">
          <Icon name="user" />
          <strong>{text(one["name"])}</strong>
        </p>
        {text(one["organisation"]) === "" ? null : <p className="muted">{text(one["organisation"])}</p>}
        {[...texts(one["phones"]), ...texts(one["emails"])].map((line) => (
          <p key={line} className="card-line">
            {line}
          </p>
        ))}
      </div>
    ))}
  </>
);

const Order = ({ order }: { order: Fields }): ReactNode => {
  const { t, money } = useMoney();
  const items = list(order["items"]);
  const sums = new Map<string, number>();
  for (const item of items) {
    const currency = text(item["currency"]);
    const price = (number(item["price"]) ?? 0) * (number(item["quantity"]) ?? 0);
    sums.set(currency, (sums.get(currency) ?? 0) + price);
  }
  return (
    <div className="card">
      <p className="card-head">
        <Icon name="inbox" />
        <strong>{t("card.order")}</strong>
      </p>
      {text(order["note"]) === "" ? null : <p>{text(order["note"])}</p>}
      <table className="card-table">
        <tbody>
          {items.map((item, index) => (
            <tr key={index}>
              <td>{number(item["quantity"])} ×</td>
              <td>{text(item["product"])}</td>
              <td className="card-money">{money(number(item["price"]) ?? 0, text(item["currency"]))}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          {[...sums].map(([currency, sum]) => (
            <tr key={currency}>
              <td />
              <td>{t("card.sum")}</td>
              <td className="card-money">{money(sum, currency)}</td>
            </tr>
          ))}
        </tfoot>
      </table>
    </div>
  );
};

const useMoney = () => {
  const { t, locale } = useWords();
  return {
    t,
    money: (value: number, currency: string): string => {
      try {
        return new Intl.NumberFormat(locale, { style: "currency", currency }).format(value);
      } catch {
        return `${value} ${currency}`;
      }
    },
  };
};

const Form = ({ form }: { form: Fields }): ReactNode => {
  const { t } = useWords();
  const answers = list(form["fields"]);
  return (
    <div className="card">
      <p className="card-head">
        <Icon name="text" />
        <strong>{t("card.form")}</strong>
      </p>
      <dl className="card-answers">
        {answers.map((one, index) => (
          <div key={index}>
            <dt>{text(one["key"])}</dt>
            <dd>{text(one["value"])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
};

const Referral = ({ of }: { of: Fields }): ReactNode => {
  const { t } = useWords();
  const url = text(of["url"]);
  const headline = text(of["headline"]) || t("card.fromAd");
  return (
    <div className="card card-quiet">
      <p className="muted">{t("card.fromAd")}</p>
      {/^https?:\/\//u.test(url) ? (
        <a href={url} target="_blank" rel="noopener noreferrer nofollow">
          {headline}
        </a>
      ) : (
        <strong>{headline}</strong>
      )}
      {text(of["body"]) === "" ? null : <p>{text(of["body"])}</p>}
    </div>
  );
};

const System = ({ of, said }: { of: Fields; said: string }): ReactNode => {
  const { maybe } = useWords();
  const value = text(of["value"]);
  const type = `${text(of["type"])}${value === "" ? "" : `.${value}`}`;
  return (
    <p className="card-note">
      {maybe(`card.system.${type}`, said === "" ? type : said, { from: text(of["from"]), to: text(of["to"]) })}
    </p>
  );
};

const Unsupported = ({ of, said }: { of: Fields; said: string }): ReactNode => {
  const { t } = useWords();
  const type = text(of["type"]);
  return (
    <div className="card card-quiet">
      <p className="card-head">
        <Icon name="warning" />
        <strong>{t("card.unsupported")}</strong>
      </p>
      {said === "" ? null : <p>{said}</p>}
      <p className="muted">{t("card.unsupportedHelp", { type })}</p>
    </div>
  );
};

/** What a channel told beside the words: a place, people, an order, a form, where somebody came from. */
export default function Cards({ message }: { message: MessageView }): ReactNode {
  const { t, maybe } = useWords();
  const { detail } = message;
  const choice = fields(detail["choice"]);
  const forwarded = text(detail["forwarded"]);
  const product = fields(detail["product"]);
  return (
    <>
      {forwarded === "" ? null : <p className="card-mark">{maybe(`card.forwarded.${forwarded}`, "")}</p>}
      <Marks message={message} />
      {detail["lat"] === undefined ? null : <Place detail={detail} />}
      {detail["contacts"] === undefined ? null : <Contacts of={list(detail["contacts"])} />}
      {texts(detail["choices"]).length === 0 ? null : (
        <p className="card-choices">
          {texts(detail["choices"]).map((title) => (
            <span key={title} className="content-button">
              {title}
            </span>
          ))}
        </p>
      )}
      {detail["order"] === undefined ? null : <Order order={fields(detail["order"])} />}
      {detail["form"] === undefined ? null : <Form form={fields(detail["form"])} />}
      {detail["referral"] === undefined ? null : <Referral of={fields(detail["referral"])} />}
      {text(product["id"]) === "" ? null : (
        <p className="card-mark">{t("card.product", { product: text(product["id"]) })}</p>
      )}
      {text(choice["type"]) === "" ? null : (
        <p className="card-mark">
          <Icon name="check" size={13} />{" "}
          {maybe(
            text(choice["type"]) === "call-permission"
              ? `card.choice.call-permission.${text(choice["id"])}`
              : `card.choice.${text(choice["type"])}`,
            "",
          )}
          {text(choice["description"]) === "" ? null : ` · ${text(choice["description"])}`}
        </p>
      )}
      {detail["system"] === undefined ? null : <System of={fields(detail["system"])} said={message.text} />}
      {detail["unsupported"] === undefined ? null : (
        <Unsupported of={fields(detail["unsupported"])} said={message.text} />
      )}
    </>
  );
}
