/** English: news from customers and how one is told of them. */
export const alerts = {
  "alerts.title": "News",
  "alerts.count": { one: "{n} new from customers", other: "{n} new from customers" },
  "alerts.none": "Nothing new since you came.",
  "alerts.seeAll": "Mark all as seen",
  "alerts.sound": "Sound",
  "alerts.sound.chime": "Chime",
  "alerts.sound.drop": "Drop",
  "alerts.sound.knock": "Knock",
  "alerts.sound.off": "None",
  "alerts.volume": "Volume",
  "alerts.unassigned": "Also for conversations nobody has",
  "alerts.allow": "Allow notifications of the system",
  "alerts.allowed": "The system shows a notification when this tab is hidden.",
  "alerts.denied": "This browser does not allow notifications.",
} as const;
