// The kit of every page: toasts with undo, drawers, and what is said when the server is away.
window.desk = {};
{
  const area = document.getElementById("toasts");
  const blank = document.getElementById("toast-template").content;
  const csrf = document.querySelector("meta[name=csrf-token]");
  const STAYS_MS = 8000;
  const AT_MOST = 2;

  // --- Toasts -------------------------------------------------------------------------------------------------------

  // A modal dialog makes everything outside of it unreachable, so what is said moves into the topmost.
  const settle = () => {
    const dialogs = document.querySelectorAll("dialog:modal");
    const place = dialogs[dialogs.length - 1] || document.body;
    if (area.parentElement !== place) place.append(area);
  };

  const show = (toast) => {
    settle();
    const close = () => toast.remove();
    let timer;
    const wait = () => {
      clearTimeout(timer);
      if (!toast.dataset.stays) timer = setTimeout(close, STAYS_MS);
    };
    toast.querySelector(".toast-close").addEventListener("click", close);
    for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, () => clearTimeout(timer));
    for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, wait);
    wait();
    const shown = area.querySelectorAll(".toast-pk");
    for (const old of [...shown].slice(0, Math.max(0, shown.length - AT_MOST))) old.remove();
  };

  desk.toast = (text, { undo = "", tone = "plain", link = null, stays = "" } = {}) => {
    const already = [...area.querySelectorAll(".toast-text")].find((one) => one.textContent === text);
    if (already && !undo) return already.closest(".toast-pk");
    const toast = blank.firstElementChild.cloneNode(true);
    toast.querySelector(".toast-text").textContent = text;
    const form = toast.querySelector("form");
    if (undo) {
      form.action = undo.startsWith("/") ? undo : area.dataset.undoUrl;
      form.elements.token.value = undo;
      remember(form);
    } else form.remove();
    if (tone === "refused") {
      toast.classList.add("is-refused");
      toast.setAttribute("role", "alert");
    }
    if (link) toast.querySelector(".toast-text").after(anchor(link));
    toast.dataset.stays = stays;
    area.append(toast);
    show(toast);
    return toast;
  };

  const anchor = ({ url, label }) => {
    const made = Object.assign(document.createElement("a"), { href: url, target: "_blank", textContent: label });
    made.className = "b is-small";
    return made;
  };

  document.addEventListener("toasts", (event) => {
    for (const one of event.detail.all) desk.toast(one.text, one);
  });

  // --- Undo: the last deed stays within reach of Z after its toast has gone ------------------------------------------

  const remember = (form) => {
    sessionStorage.setItem("undo", JSON.stringify({ url: form.getAttribute("action"), token: form.elements.token.value }));
  };

  const showsWhatChanges = () => document.querySelector('[hx-trigger*="done from:body"]');

  const undo = (form) => {
    sessionStorage.removeItem("undo");
    if (!showsWhatChanges()) return HTMLFormElement.prototype.submit.call(form);
    const values = { token: form.elements.token.value };
    form.closest(".toast-pk")?.remove();
    return htmx.ajax("POST", form.action, { source: document.body, target: document.body, values, swap: "none" });
  };

  area.addEventListener("submit", (event) => {
    event.preventDefault();
    undo(event.target);
  });

  desk.undo = () => {
    const last = JSON.parse(sessionStorage.getItem("undo") || "null");
    if (!last) return;
    const form = blank.querySelector("form").cloneNode(true);
    form.action = last.url;
    form.elements.token.value = last.token;
    form.elements.csrfmiddlewaretoken.value = csrf.content;
    form.hidden = true;
    document.body.append(form);
    for (const toast of area.querySelectorAll("form")) if (toast.elements.token.value === last.token) toast.closest(".toast-pk").remove();
    undo(form);
  };

  for (const toast of area.querySelectorAll(".toast-pk")) {
    const form = toast.querySelector("form");
    if (form) remember(form);
    show(toast);
  }

  // --- Requests -----------------------------------------------------------------------------------------------------

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrf.content;
  });

  const isPolling = (event) => /\bevery\b/.test(event.detail.elt?.getAttribute?.("hx-trigger") || "");

  let away = null;
  const lost = () => {
    away = desk.toast(area.dataset.away, { tone: "refused", stays: "until it is back" });
  };
  for (const kind of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(kind, lost);
  document.addEventListener("htmx:afterOnLoad", () => {
    away?.remove();
    away = null;
  });

  // Somebody who signed in again on another tab has another token: the answer brings it, and we send once more.
  const retry = (event) => {
    const fresh = event.detail.xhr.getResponseHeader("X-Fresh-Token");
    const element = event.detail.elt;
    if (!fresh) return false;
    csrf.content = fresh;
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = fresh;
    if (element.dataset.triedAgain) return false;
    element.dataset.triedAgain = "1";
    const { verb, path, parameters } = event.detail.requestConfig;
    const values = new FormData();
    for (const [name, value] of parameters.entries()) if (name !== "csrfmiddlewaretoken") values.append(name, value);
    const settings = { source: element, target: event.detail.target, values };
    htmx.ajax(verb, path, settings).finally(() => delete element.dataset.triedAgain);
    return true;
  };

  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status === 401) {
      const link = { url: area.dataset.signInUrl, label: area.dataset.signIn };
      desk.toast(area.dataset.signedOut, { tone: "refused", stays: "until signed in", link });
    } else if (status === 403 && retry(event)) return;
    else if (status === 502 || status === 503 || status === 504) lost();
    else if (!event.detail.xhr.getResponseHeader("HX-Trigger") && !isPolling(event)) {
      desk.toast(area.dataset.failed, { tone: "refused" });
    }
  });

  // --- Drawers ------------------------------------------------------------------------------------------------------

  const drawer = document.getElementById("drawer");
  const inside = document.getElementById("drawer-body");
  let opener = null;

  desk.open = (url, from = null) => {
    opener = from || document.activeElement;
    inside.replaceChildren(document.getElementById("drawer-waiting").content.cloneNode(true));
    if (!drawer.open) drawer.showModal();
    settle();
    return htmx.ajax("GET", url, { source: inside, target: inside, swap: "innerHTML" });
  };

  // Forms of a drawer are plain forms; here they are sent without leaving the page.
  const FIELDS = ".drawer-in :is(input:not([type=hidden]), select, textarea, a, button)";
  inside.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== inside) return; // a part of the form changed while somebody types in it
    for (const form of inside.querySelectorAll("form[method=post]:not([hx-post])")) {
      form.setAttribute("hx-post", form.getAttribute("action") || "");
      form.setAttribute("hx-target", "#drawer-body");
      form.setAttribute("hx-disabled-elt", "find button[type=submit]");
      htmx.process(form);
    }
    const first = [".is-wrong", "[autofocus]", FIELDS].map((one) => inside.querySelector(one)).find(Boolean);
    first?.focus();
  });

  drawer.addEventListener("close", () => {
    settle();
    inside.replaceChildren();
    const back = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
    back?.focus();
  });
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-drawer]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    desk.open(link.dataset.drawer || link.href, link);
  });

  // A deed is done: its drawer closes, and the page shows what came of it.
  document.addEventListener("done", (event) => {
    const to = event.detail.to && new URL(event.detail.to, location.href);
    const stays = showsWhatChanges() && (!to || to.pathname === location.pathname);
    if (drawer.open) drawer.close();
    if (stays) return;
    event.stopPropagation(); // this page shows it no more
    setTimeout(leave, 0, to); // what is said with it is heard first
  }, true);

  const leave = (to) => {
    const said = [...area.querySelectorAll(".toast-pk")].map((toast) => ({
      text: toast.querySelector(".toast-text").textContent,
      undo: toast.querySelector("form")?.elements.token.value || "",
    }));
    sessionStorage.setItem("said", JSON.stringify(said));
    if (to && to.href !== location.href) location.assign(to);
    else location.reload();
  };

  // --- Menus --------------------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.preventDefault();
  });

  // Of tabs that do not all fit, the open one is in sight.
  for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
    const tabs = tab.parentElement;
    tabs.scrollLeft = tab.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
  }

  for (const one of JSON.parse(sessionStorage.getItem("said") || "[]")) desk.toast(one.text, one);
  sessionStorage.removeItem("said");
}
