// Keys without a mouse. An element says its own key, data-key="g c", and is then clicked, or focused if one types in it.
{
  const PAUSE_MS = 1200;
  const registered = new Map();
  let typed = [];
  let typedAt = 0;

  const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable=true]";
  const isOff = () => localStorage.getItem("keys") === "off";

  // `keys`: "b", "g b" (one after the other) or "Ctrl+k"; `label`: what the help sheet says of it.
  const add = (keys, label, run, { inDialogs = false, isEverywhere = false } = {}) => {
    registered.set(keys, { label, run, inDialogs, isEverywhere });
  };

  const act = (element) => {
    if (element.matches(TYPING)) {
      element.focus();
      element.select?.();
    } else element.click();
  };

  const elements = () => [...document.querySelectorAll("[data-key]")].filter((one) => one.checkVisibility());

  const find = (keys) => {
    const element = elements().find((one) => one.dataset.key === keys);
    return element ? { run: () => act(element) } : registered.get(keys);
  };

  const isBeginning = (keys) =>
    [...registered.keys(), ...elements().map((one) => one.dataset.key)].some((one) => one.startsWith(`${keys} `));

  const named = (event) => (event.ctrlKey || event.metaKey ? `Ctrl+${event.key.toLowerCase()}` : event.key);

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing || ["Shift", "Control", "Meta"].includes(event.key)) return;
    const isChord = event.ctrlKey || event.metaKey;
    if (!isChord && isOff()) return;
    const isTyping = event.target.matches?.(TYPING);
    if (isTyping && !isChord) return;
    const name = named(event);
    typed = event.timeStamp - typedAt < PAUSE_MS && !isChord ? [...typed, name] : [name];
    typedAt = event.timeStamp;
    const keys = find(typed.join(" ")) || isBeginning(typed.join(" ")) ? typed.join(" ") : name;
    typed = keys.split(" ");
    const found = find(keys);
    if (!found) return;
    typed = [];
    if (document.querySelector("dialog:modal") && !found.inDialogs) return;
    event.preventDefault();
    found.run(event);
  });

  const label = (one) =>
    one.dataset.keyLabel ||
    one.getAttribute("aria-label") ||
    (one.labels?.[0] || one.querySelector("summary") || one.options?.[0] || one).textContent.trim();

  const list = () => [
    ...elements().map((one) => ({
      keys: one.dataset.key,
      label: label(one),
      isEverywhere: Boolean(one.closest(".rail, .topbar")),
    })),
    ...[...registered].map(([keys, { label: words, isEverywhere }]) => ({ keys, label: words, isEverywhere })),
  ];

  // The help sheet: what the server wrote of the keys of every page, and here those of this one.
  const row = ({ keys, label: words }) => {
    const made = document.createElement("div");
    made.append(document.createElement("dt"), document.createElement("dd"));
    made.firstChild.textContent = words;
    for (const key of keys.split(" ")) {
      const cap = Object.assign(document.createElement("kbd"), { className: "kbd", textContent: key.toUpperCase() });
      made.lastChild.append(cap);
    }
    return made;
  };

  document.addEventListener("htmx:afterSwap", () => {
    const own = document.querySelector("[data-keys-of-page]");
    if (!own || !own.hidden) return;
    const rows = list().filter((one) => !one.isEverywhere);
    own.querySelector("dl").replaceChildren(...rows.map(row));
    own.hidden = rows.length === 0;
    const check = document.querySelector("[data-keys-switch]");
    check.hidden = false;
    check.firstElementChild.checked = !isOff();
    check.firstElementChild.addEventListener("change", (event) => desk.keys.turn(event.target.checked));
  });

  desk.keys = { add, list, isOff, turn: (on) => localStorage.setItem("keys", on ? "on" : "off") };
  const { undoKey, keysKey, keysUrl, newKey, newUrl } = document.getElementById("toasts").dataset;
  add("z", undoKey, () => desk.undo(), { isEverywhere: true });
  if (newUrl) add("n", newKey, () => desk.open(newUrl), { isEverywhere: true });
  add("?", keysKey, () => desk.open(keysUrl), { isEverywhere: true });
}
