// The board: cards are dragged, walked and moved by keys. The server decides; the page shows what it decided.
{
  const root = document.getElementById("board");
  const dialog = document.getElementById("reason");
  const form = dialog.querySelector("form");
  const others = document.getElementById("b-others");
  const { by, query, url } = root.dataset;
  const mayMove = "mayMove" in root.dataset;
  const asksWhy = by === "stage";
  const WAIT_MS = 250;
  const PATIENCE_MS = 15000;
  const LOOK_MS = 8000;

  const csrf = () => document.querySelector("meta[name=csrf-token]").content;
  const say = (text) => (document.getElementById("board-said").textContent = text);
  const fill = (text, name) => text.replace("%s", name);
  const cardOf = (id) => document.getElementById(`k-${id}`);
  const laneOf = (key) => root.querySelector(`.lane[data-lane="${CSS.escape(key)}"]`);
  const listOf = (key) => laneOf(key)?.querySelector(".cards");
  const labelOf = (key) => laneOf(key)?.querySelector("h2").textContent || "";
  const signOf = (key) => laneOf(key)?.querySelector("header > :is(.stops, .health, .av)")?.cloneNode(true);
  const cardsIn = (list) => [...list.querySelectorAll(".k")];
  const addressOf = (id, what = "") => `${url}/cards/${id}${what}${query ? `?${query}` : ""}`;

  // --- Counts -------------------------------------------------------------------------------------------------------

  const shown = new Intl.NumberFormat(document.documentElement.lang);
  const add = (key, n) => {
    const count = laneOf(key)?.querySelector("[data-count]");
    if (!count || !("exact" in count.dataset)) return;
    count.dataset.count = Math.max(0, Number(count.dataset.count) + n);
    count.textContent = shown.format(count.dataset.count);
    tell(key, count);
  };

  const tell = (key, count) => {
    const chip = root.querySelector(`[data-chip="${CSS.escape(key)}"] .num`);
    if (chip) chip.textContent = count.textContent;
    const band = laneOf(key).closest(".phase");
    const sum = band.querySelector("[data-of-band]");
    const counts = [...band.querySelectorAll("[data-count]")];
    const isExact = counts.every((one) => "exact" in one.dataset);
    if (sum) sum.textContent = shown.format(counts.reduce((all, one) => all + Number(one.dataset.count), 0)) + (isExact ? "" : "+");
  };

  // What the server counted stands in place of what was added up here.
  const tellHeads = (heads) => {
    for (const head of heads) {
      const lane = laneOf(head.dataset.head);
      if (!lane) continue;
      const [count, worth] = head.content.children;
      lane.querySelector("[data-count]").replaceWith(count);
      lane.querySelector(".lane-v").replaceWith(worth);
      tell(head.dataset.head, count);
    }
  };

  // --- A card on its way --------------------------------------------------------------------------------------------

  const ghosts = new Map(); // what a card left behind, by its id: the place it goes back to

  const leaveGhost = (card, list, before) => {
    ghosts.get(card.dataset.card)?.remove();
    const ghost = document.createElement("li");
    ghost.className = "k-ghost";
    ghost.setAttribute("aria-hidden", "true");
    list.insertBefore(ghost, before);
    ghosts.set(card.dataset.card, ghost);
  };

  const dropGhost = (id) => {
    ghosts.get(id)?.remove();
    ghosts.delete(id);
  };

  const goBack = (card) => {
    const ghost = ghosts.get(card.dataset.card);
    if (ghost?.isConnected) ghost.replaceWith(card);
    ghosts.delete(card.dataset.card);
    card.classList.remove("is-moving");
    card.querySelector(".k-name").focus({ preventScroll: true });
  };

  const goTo = (card, key) => {
    const list = listOf(key);
    if (!list) return card.remove();
    if (card.parentElement !== list) list.prepend(card);
  };

  // The card as the server has it now, in the lane where it belongs; nothing when it is on this board no more.
  const fresh = async (id) => {
    const answer = await fetch(addressOf(id), { headers: { "HX-Request": "true" } });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(answer.status);
    const made = document.createElement("template");
    made.innerHTML = await answer.text();
    const card = made.content.querySelector(".k");
    return { card, heads: made.content.querySelectorAll("template[data-head]") };
  };

  const put = (card, { isNew = true } = {}) => {
    const old = cardOf(card.dataset.card);
    const from = old?.dataset.lane;
    const hadFocus = old?.contains(document.activeElement);
    const list = listOf(card.dataset.lane);
    if (old && list && old.parentElement === list) old.replaceWith(card);
    else {
      old?.remove();
      list?.prepend(card);
    }
    if (from !== card.dataset.lane) {
      if (from) add(from, -1);
      add(card.dataset.lane, 1);
    }
    if (isNew) card.classList.add("is-new");
    if (hadFocus) card.querySelector(".k-name").focus({ preventScroll: true });
  };

  const leave = (card) => {
    add(card.dataset.lane, -1);
    card.remove();
  };

  const waiting = new Set();

  // Ask until the person is folded; then the card stands where the rules put it, wherever it was dropped.
  const follow = async (id, wanted = "") => {
    if (waiting.has(id)) return;
    waiting.add(id);
    const until = performance.now() + PATIENCE_MS;
    try {
      for (;;) {
        const found = await fresh(id);
        if (!found) {
          if (cardOf(id)) leave(cardOf(id));
          break;
        }
        const { card, heads } = found;
        if (!card.classList.contains("is-folding")) {
          put(card, { isNew: Boolean(wanted) });
          tellHeads(heads);
          if (wanted && card.dataset.lane !== wanted) desk.toast(fill(root.dataset.kept, card.dataset.name), { tone: "refused" });
          break;
        }
        if (performance.now() > until) {
          if (wanted) desk.toast(fill(root.dataset.slow, card.dataset.name));
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      }
    } catch {
      cardOf(id)?.classList.remove("is-moving");
    } finally {
      waiting.delete(id);
      dropGhost(id);
    }
  };

  const send = async (card, from, to, reason) => {
    const id = card.dataset.card;
    card.classList.add("is-moving");
    goTo(card, to);
    card.querySelector(".k-name").focus({ preventScroll: true });
    const body = new URLSearchParams({ by, lane: to, from, reason });
    let answer;
    let said;
    try {
      answer = await fetch(addressOf(id, "/lane"), { method: "POST", body, headers: { "X-CSRFToken": csrf(), "HX-Request": "true" } });
      said = await answer.json();
    } catch {
      goBack(card);
      desk.toast(root.dataset.away, { tone: "refused" });
      return;
    }
    if (said.said) {
      desk.toast(said.said, { undo: said.undo });
      return follow(id, to);
    }
    goBack(card);
    desk.toast(said.refused, { tone: "refused", link: said.way });
    if (["not_found", "erased", "merged"].includes(said.code)) return leave(card);
    if (said.lane && said.lane !== from) {
      await follow(id);
      const now = cardOf(id);
      if (now && now.dataset.lane !== to) ask(now, to);
    }
  };

  // --- What happened? -----------------------------------------------------------------------------------------------

  let asked = null;

  const lanesFor = (card) =>
    [...root.querySelectorAll(".lane")].map((lane) => {
      const label = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: "lane", value: lane.dataset.lane, required: true });
      radio.disabled = lane.dataset.lane === card.dataset.lane || !lane.querySelector("[data-takes]");
      const sign = signOf(lane.dataset.lane);
      label.append(radio, ...(sign ? [sign] : []), lane.querySelector("h2").textContent);
      return label;
    });

  const showWay = (to) => {
    dialog.querySelector(".reason-way").hidden = !to;
    dialog.querySelector("[data-from]").textContent = labelOf(asked.from);
    const sign = signOf(to);
    dialog.querySelector("[data-to]").replaceChildren(...(sign ? [sign, " "] : []), labelOf(to));
  };

  const stand = (card) => {
    const place = card.getBoundingClientRect();
    const { offsetWidth: wide, offsetHeight: high } = dialog;
    const right = place.right + 10 + wide < innerWidth ? place.right + 10 : place.left - wide - 10;
    dialog.style.left = `${Math.max(8, Math.min(right, innerWidth - wide - 8))}px`;
    dialog.style.top = `${Math.max(8, Math.min(place.top, innerHeight - high - 8))}px`;
  };

  // With a lane: it was dropped there. Without: it is asked for too.
  const ask = (card, to = "") => {
    asked = { card, from: card.dataset.lane, isDropped: Boolean(to) };
    form.reset();
    dialog.querySelector("[data-who]").textContent = to ? "" : card.dataset.name;
    const choice = dialog.querySelector(".reason-lanes");
    choice.hidden = Boolean(to);
    choice.querySelector("[data-lanes]").replaceChildren(...lanesFor(card));
    const chosen = choice.querySelector(to ? `input[value="${CSS.escape(to)}"]` : "input:enabled");
    if (to && chosen) chosen.checked = true;
    dialog.querySelector("[data-why]").hidden = !asksWhy;
    form.elements.reason.required = asksWhy;
    showWay(to);
    dialog.showModal();
    stand(card);
    (to ? form.elements.reason : chosen)?.focus();
  };

  form.addEventListener("change", (event) => {
    if (event.target.name === "lane") showWay(event.target.value);
  });

  form.addEventListener("click", (event) => {
    const ready = event.target.closest("[data-ready]");
    if (ready) {
      form.elements.reason.value = ready.textContent;
      form.elements.reason.focus();
    }
    if (event.target.closest("[data-cancel]")) dialog.close();
  });

  // Enter on a lane goes on to the question; Enter there saves.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.name !== "lane" || !asksWhy) return;
    event.preventDefault();
    event.target.checked = true;
    showWay(event.target.value);
    form.elements.reason.focus();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { card, from, isDropped } = asked;
    const to = new FormData(form).get("lane");
    asked = null;
    dialog.close();
    if (!isDropped) leaveGhost(card, card.parentElement, card);
    send(card, from, to, form.elements.reason.value.trim());
  });

  dialog.addEventListener("close", () => {
    if (!asked) return;
    const { card } = asked;
    asked = null;
    goBack(card);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  root.addEventListener("click", (event) => {
    const link = event.target.closest("[data-move]");
    if (!link || !mayMove || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    ask(link.closest(".k"));
  });

  // --- By mouse and finger ------------------------------------------------------------------------------------------

  const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const dropped = ({ item, from, to, oldDraggableIndex }) => {
    root.classList.remove("is-dragging");
    if (from === to) return;
    const before = cardsIn(from)[oldDraggableIndex] || from.querySelector(".k-rest, .k-none");
    leaveGhost(item, from, before);
    if (asksWhy && to.dataset.takes !== undefined) ask(item, to.dataset.lane);
    else send(item, from.dataset.lane, to.dataset.lane, "");
  };

  const sortable = (list) =>
    new Sortable(list, {
      group: { name: "board", put: "takes" in list.dataset },
      draggable: ".k",
      filter: ".is-moving",
      sort: false,
      animation: quiet ? 0 : 160,
      delay: 220,
      delayOnTouchOnly: true,
      forceFallback: true,
      fallbackOnBody: true,
      fallbackTolerance: 5,
      ghostClass: "is-over",
      onStart: () => root.classList.add("is-dragging"),
      onEnd: dropped,
    });

  // --- By keys ------------------------------------------------------------------------------------------------------

  const besides = (card, step) => {
    const lists = [...root.querySelectorAll(".cards")];
    const place = cardsIn(card.parentElement).indexOf(card);
    for (let number = lists.indexOf(card.parentElement) + step; lists[number]; number += step) {
      const cards = cardsIn(lists[number]);
      if (cards.length) return cards[Math.min(place, cards.length - 1)];
    }
    return null;
  };

  const walk = {
    ArrowDown: (card, cards) => cards[cards.indexOf(card) + 1],
    ArrowUp: (card, cards) => cards[cards.indexOf(card) - 1],
    ArrowRight: (card) => besides(card, 1),
    ArrowLeft: (card) => besides(card, -1),
    Home: (card, cards) => cards[0],
    End: (card, cards) => cards[cards.length - 1],
  };

  root.addEventListener("keydown", (event) => {
    const card = event.target.closest?.(".k");
    if (!card || !walk[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = walk[event.key](card, cardsIn(card.parentElement));
    next?.querySelector(".k-name").focus();
    next?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  const focused = () => document.activeElement?.closest?.(".k") || root.querySelector(".k:hover");
  if (mayMove) {
    desk.keys.add("m", root.dataset.keyMove, () => {
      const card = focused();
      if (card && !card.classList.contains("is-moving")) ask(card);
    });
  }
  desk.keys.add("j", root.dataset.keyWalk, () => root.querySelector(".k-name")?.focus());

  // --- One lane at a time, on a phone -------------------------------------------------------------------------------

  const chips = () => [...root.querySelectorAll("[data-chip]")];
  let lookout = null;

  const mark = (key) => {
    for (const chip of chips()) {
      if (chip.dataset.chip !== key) chip.removeAttribute("aria-current");
      else if (!chip.hasAttribute("aria-current")) {
        chip.setAttribute("aria-current", "true");
        chip.parentElement.scrollTo({ left: chip.offsetLeft - (chip.parentElement.clientWidth - chip.offsetWidth) / 2 });
        sessionStorage.setItem(`lane-${by}`, key);
      }
    }
  };

  const turnTo = (key) => {
    const lane = laneOf(key);
    const board = root.querySelector(".board");
    if (lane) board.scrollTo({ left: lane.offsetLeft, behavior: "instant" });
  };

  const isNarrow = () => getComputedStyle(root.querySelector(".phone-lanes")).display !== "none";

  const watchLanes = () => {
    lookout?.disconnect();
    const lanes = [...root.querySelectorAll(".lane")];
    const kept = sessionStorage.getItem(`lane-${by}`);
    const first = lanes.find((lane) => lane.dataset.lane === kept) || lanes.find((lane) => lane.querySelector(".k")) || lanes[0];
    if (!first) return;
    if (isNarrow()) turnTo(first.dataset.lane);
    mark(first.dataset.lane);
    lookout = new IntersectionObserver(
      (seen) => {
        const here = seen.find((one) => one.isIntersecting);
        if (here && isNarrow()) mark(here.target.dataset.lane);
      },
      { root: root.querySelector(".board"), threshold: 0.6 },
    );
    for (const lane of lanes) lookout.observe(lane);
  };

  root.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-chip]");
    if (!chip) return;
    event.preventDefault();
    turnTo(chip.dataset.chip);
    mark(chip.dataset.chip);
  });

  // --- What others did ----------------------------------------------------------------------------------------------

  let changed = [];
  let latest = 0;

  const look = async () => {
    if (document.hidden || document.querySelector("dialog:modal") || waiting.size) return;
    try {
      const answer = await fetch(`${root.dataset.changesUrl}?since=${latest}${query ? `&${query}` : ""}`, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const { people, said } = await answer.json();
      changed = people;
      others.hidden = !said;
      if (said && others.querySelector("[data-said]").textContent !== said) others.querySelector("[data-said]").textContent = said;
    } catch {
      // the next look will tell
    }
  };

  others.querySelector("button").addEventListener("click", () => {
    others.hidden = true;
    htmx.trigger(root, "refresh");
  });

  // As many cards are asked for again as are shown, so that nobody loses their place.
  root.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== root) return;
    const most = Math.max(...[...root.querySelectorAll(".cards")].map((list) => cardsIn(list).length));
    event.detail.parameters.append("size", most);
  });

  let held = "";
  root.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== root) return;
    held = document.activeElement?.closest?.(".k")?.id || "";
    // htmx carries attributes over to what comes; the policy lets nobody write a style that way
    for (const styled of root.querySelectorAll("[style]")) styled.removeAttribute("style");
  });

  const begin = () => {
    latest = root.querySelector(".board").dataset.latest;
    if (mayMove) for (const list of root.querySelectorAll(".cards")) sortable(list);
    watchLanes();
    for (const card of root.querySelectorAll(".k.is-folding")) follow(card.dataset.card);
    for (const id of changed) cardOf(id)?.classList.add("is-new");
    changed = [];
    if (held) document.getElementById(held)?.querySelector(".k-name").focus({ preventScroll: true });
    held = "";
  };

  root.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target === root || event.target === root) begin();
  });
  begin();
  setInterval(look, LOOK_MS);
  root.dataset.looks = "1";
  root.addEventListener("look", look);

  // --- Filters need no button ---------------------------------------------------------------------------------------

  const filters = document.getElementById("b-form");
  for (const select of filters.querySelectorAll("select")) select.addEventListener("change", () => filters.requestSubmit());
  filters.addEventListener("submit", () => {
    for (const field of filters.elements) if (field.name && !field.value) field.disabled = true;
  });
}
