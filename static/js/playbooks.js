// A draft: each change of a token is sent at once; lists of boxes when they are closed. Rules are dragged, or moved by keys.
{
  const page = () => document.getElementById("pb");
  const dirty = new WeakSet();
  const save = (form) => htmx.trigger(form, "save");
  const formOf = (element) => element.closest("#rule-form, #points-form");

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
