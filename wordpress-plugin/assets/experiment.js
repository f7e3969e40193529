// Chat or contact form: decided once per visitor, kept in a cookie. Only the chat's arm loads the chat.
(function () {
  "use strict";
  const chats = document.querySelectorAll("aiguy-chat[data-chat]");
  if (chats.length === 0) return;
  const { chat, share, seen } = chats[0].dataset;
  const kept = /(?:^|;\s*)aiguy_ab=(chat|form)(?:;|$)/.exec(document.cookie);
  const arm = kept ? kept[1] : Math.random() * 100 < Number(share) ? "chat" : "form";
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `aiguy_ab=${arm};path=/;max-age=${30 * 86400};samesite=lax${secure}`;

  /** Tells an event once per visitor and day; where storage is forbidden, once per page. */
  const told = new Set();
  function tell(event) {
    const today = new Date().toISOString().slice(0, 10);
    if (told.has(event) || !isFirst(`aiguy-ab-${event}`, today)) return;
    told.add(event);
    fetch(seen, {
      method: "POST", keepalive: true, credentials: "same-origin",
      headers: { "content-type": "application/json" }, body: JSON.stringify({ arm, event }),
    }).catch(() => undefined); // A count that is missing is no trouble for anybody.
  }

  function isFirst(key, today) {
    try {
      if (localStorage.getItem(key) === today) return false;
      localStorage.setItem(key, today);
    } catch {
      return true; // No storage here.
    }
    return true;
  }

  tell("shown");
  if (arm === "form") {
    for (const one of chats) {
      one.setAttribute("data-arm", "form");
      one.addEventListener("focusin", () => tell("used"), { once: true });
    }
    return;
  }
  document.addEventListener("aiguy:open", () => tell("used"));
  document.addEventListener("aiguy:message", () => {
    tell("used");
    tell("message");
  });
  const script = document.createElement("script");
  script.src = chat;
  script.async = true;
  document.head.append(script);
})();
