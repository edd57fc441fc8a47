import { CSPProvider } from "@base-ui/react/csp-provider";
import { Tooltip } from "@base-ui/react/tooltip";
import { createRoot } from "react-dom/client";
import { speak } from "../i18n/index.ts";
import { Toasts } from "../kit/bits.tsx";
import { Start } from "./start.tsx";
import { firstLocale, setTheme, theme } from "./settings.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/kit.css";
import "./styles/shell.css";
import "./styles/inbox.css";
import "./styles/filters.css";
import "./styles/conversation.css";
import "./styles/letter.css";
import "./styles/composer.css";
import "./styles/outgoing.css";

setTheme(theme.get());

const root = document.getElementById("root");
if (root !== null)
  void speak(firstLocale()).then(() =>
    createRoot(root).render(
      <CSPProvider disableStyleElements>
        <Tooltip.Provider delay={500}>
          <Start />
          <Toasts />
        </Tooltip.Provider>
      </CSPProvider>,
    ),
  );
