// Find or do: Ctrl+K. The list comes from the server; here it is walked by the keyboard.
{
  const palette = document.getElementById("palette");
  const form = document.getElementById("palette-form");
  const input = form.elements.q;
  const found = document.getElementById("found");
  const preview = document.getElementById("palette-preview");
  const REMEMBERED = 6;

  // Of people one has looked at only their numbers are kept here; who they are, the server tells those who may see it.
  const here = document.querySelector("meta[name=person]")?.content || "";
  const recent = () => (localStorage.getItem("recent") || "").split(",").filter(Boolean);
  if (here) {
    const others = recent().filter((one) => one !== here);
    localStorage.setItem("recent", [here, ...others].slice(0, REMEMBERED + 1).join(","));
  }

  const options = () => [...found.querySelectorAll(".pi")];
  const chosen = () => found.querySelector("[aria-selected=true]");

  const choose = (option) => {
    for (const one of options()) {
      one.setAttribute("aria-selected", String(one === option));
      one.classList.toggle("is-on", one === option);
    }
    input.setAttribute("aria-activedescendant", option?.id || "");
    option?.scrollIntoView({ block: "nearest" });
    const shown = option?.querySelector("template");
    preview.replaceChildren(...(shown ? [shown.content.cloneNode(true)] : []));
  };

  const open = (option, inNewTab) => {
    if (!option) return;
    const { url } = option.dataset;
    if (inNewTab) return window.open(url, "_blank", "noopener");
    palette.close();
    if ("inDrawer" in option.dataset) desk.open(url);
    else location.assign(url);
  };

  const show = () => {
    if (palette.open) return input.select();
    form.elements.here.value = here;
    form.elements.recent.value = recent().filter((one) => one !== here).slice(0, REMEMBERED).join(",");
    input.value = "";
    palette.showModal();
    htmx.trigger(input, "asked");
  };

  found.addEventListener("htmx:afterSettle", () => choose(options()[0]));
  palette.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(chosen());
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };
    if (event.key in steps && all.length) {
      event.preventDefault();
      const next = at + steps[event.key];
      const isEnd = Math.abs(steps[event.key]) > 1;
      choose(all[isEnd ? Math.max(0, Math.min(all.length - 1, next)) : (next + all.length) % all.length]);
    } else if (event.key === "Enter" && event.target === input) {
      event.preventDefault();
      open(chosen(), event.ctrlKey || event.metaKey);
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("[data-close]").addEventListener("click", () => palette.close());
  found.addEventListener("pointermove", (event) => {
    const option = event.target.closest(".pi");
    if (option && option !== chosen()) choose(option);
  });
  found.addEventListener("click", (event) => open(event.target.closest(".pi"), event.ctrlKey || event.metaKey));
  palette.addEventListener("close", () => {
    found.replaceChildren();
    choose(null);
  });

  document.addEventListener("click", (event) => {
    const asks = event.target.closest("[data-palette]");
    if (!asks || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show();
  });
  desk.keys.add("Ctrl+k", document.getElementById("toasts").dataset.findKey, show, { isEverywhere: true });
  if (!document.querySelector("[data-key='/']")) {
    desk.keys.add("/", document.getElementById("toasts").dataset.findKey, show, { isEverywhere: true });
  }
}
