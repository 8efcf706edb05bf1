// A draft: each change of a token is sent at once; lists of boxes when they are closed. Rules are dragged, or moved by keys.
{
  const page = () => document.getElementById("pb");
  const WAIT_MS = 250;
  const dirty = new WeakSet();
  const formOf = (element) => element.closest("#rule-form, #points-form");
  const said = (form) => new URLSearchParams(new FormData(form)).toString();

  // A moment's patience: a button pressed right after a word was typed sends that word itself.
  let timer = 0;
  let waiting = null;
  let sent = "";
  const calm = () => {
    clearTimeout(timer);
    waiting = null;
  };
  const save = (form) => {
    calm();
    waiting = form;
    timer = setTimeout(() => {
      waiting = null;
      htmx.trigger(form, "save");
    }, WAIT_MS);
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.target.matches?.("#rule-form, #points-form")) return;
    calm();
    sent = said(event.target);
  });

  // What was typed while the answer was on its way is not swapped out: it is sent after it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt;
    if (!form?.isConnected || !form.matches("#rule-form, #points-form") || said(form) === sent) return;
    const version = /name="seen" value="(\d+)"/.exec(event.detail.xhr.responseText);
    if (!version || event.detail.xhr.status !== 200) return;
    event.detail.shouldSwap = false;
    for (const field of document.querySelectorAll("#pb [name=seen]")) field.value = version[1];
    save(form);
  });

  // Whoever leaves by a link takes what was just typed along.
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest("a[href]");
      if (!link || !waiting?.isConnected || link.hasAttribute("data-drawer") || event.ctrlKey || event.metaKey) return;
      const form = waiting;
      event.preventDefault();
      calm();
      fetch(form.action, { method: "POST", body: new FormData(form) }).finally(() => location.assign(link.href));
    },
    true,
  );

  // A long list of rules, once unfolded, stays so whatever is changed in it.
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-unfold]")) return;
    event.preventDefault();
    document.body.classList.add("is-unfolded");
    sessionStorage.unfolded = location.pathname;
  });
  if (sessionStorage.unfolded === location.pathname) document.body.classList.add("is-unfolded");

  document.addEventListener("change", (event) => {
    const form = formOf(event.target);
    if (!form) return;
    const many = event.target.closest("details.many");
    if (many) dirty.add(many);
    else save(form);
  });

  document.addEventListener(
    "toggle",
    (event) => {
      const many = event.target;
      if (!many.matches?.("details.many")) return;
      if (many.open) {
        for (const other of document.querySelectorAll("details.many[open]")) if (other !== many) other.open = false;
      } else if (dirty.has(many)) save(formOf(many));
    },
    true,
  );

  const closeLists = (except = null) => {
    for (const many of document.querySelectorAll("details.many[open]")) if (many !== except) many.open = false;
  };
  document.addEventListener("click", (event) => closeLists(event.target.closest("details.many")));
  document.addEventListener("keydown", (event) => {
    const many = event.target.closest?.("details.many[open]");
    if (event.key === "Escape" && many) {
      many.open = false;
      many.querySelector("summary").focus();
      event.stopPropagation();
    }
  });

  const turnTo = (item, turn) => {
    const form = document.getElementById("rule-turn");
    form.action = form.dataset.url.replace("/0/to", `/${item.dataset.place}/to`);
    form.elements.turn.value = turn;
    form.submit();
  };

  const rulesOf = (list) => [...list.querySelectorAll("li[data-place]")];
  const arrange = () => {
    const list = page()?.querySelector("ol[data-sortable]");
    if (!list || !window.Sortable || list.dataset.sorts) return;
    list.dataset.sorts = "yes";
    new Sortable(list, {
      handle: ".r-grip",
      draggable: "li[data-place]",
      animation: 120,
      onEnd: ({ item, oldDraggableIndex, newDraggableIndex }) => {
        if (oldDraggableIndex !== newDraggableIndex) turnTo(item, newDraggableIndex);
      },
    });
  };

  document.addEventListener("keydown", (event) => {
    const item = event.target.closest?.("li[data-place]");
    if (!item || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key) || event.target.closest("form.r-form")) return;
    const list = item.closest("ol[data-sortable]");
    if (!list) return;
    event.preventDefault();
    const turn = rulesOf(list).indexOf(item) + (event.key === "ArrowUp" ? -1 : 1);
    if (turn >= 0 && turn < rulesOf(list).length) turnTo(item, turn);
  });

  document.addEventListener("htmx:afterSettle", arrange);
  arrange();
}
