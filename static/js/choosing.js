// Rows of a list that are chosen, with the mouse or by keys, and what is done to them.
{
  const boxes = () => [...document.querySelectorAll("#chosen tbody .cb")];
  const chosen = () => boxes().filter((box) => box.checked);
  let all = false; // all that the filter finds, and not only those on this page
  let last = null;

  const show = () => {
    const bar = document.querySelector(".bulk");
    if (!bar) return;
    const some = chosen();
    for (const box of boxes()) box.closest("tr").classList.toggle("is-on", box.checked);
    bar.hidden = some.length === 0;
    const whole = document.getElementById("choose-page");
    whole.checked = some.length > 0 && some.length === boxes().length;
    whole.indeterminate = some.length > 0 && !whole.checked;
    if (!whole.checked) all = false;
    const count = document.getElementById("n-chosen");
    count.textContent = all ? count.dataset.all : count.dataset.some.replace("%n%", some.length);
    document.getElementById("choose-all").hidden = all;
    document.getElementById("n-all").textContent = document.querySelector(".l-figure .t-fig")?.textContent.trim() ?? "";
    const two = document.getElementById("merge-two");
    if (two) two.hidden = all || some.length !== 2;
  };

  const choose = (some, is) => {
    for (const box of some) box.checked = is;
    show();
  };

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.matches("#chosen tbody .cb")) {
      if (event.shiftKey && last) {
        const row = boxes();
        const [from, to] = [row.indexOf(last), row.indexOf(target)].sort((one, other) => one - other);
        choose(row.slice(Math.max(0, from), to + 1), target.checked);
      }
      last = target;
      show();
    } else if (target.id === "choose-page") choose(boxes(), target.checked);
    else if (target.closest("#choose-none")) {
      all = false;
      choose(boxes(), false);
    } else if (target.closest("#choose-all")) {
      all = true;
      choose(boxes(), true);
    }
  });

  // A deed to those chosen opens beside the list; what it is done to stands in its address.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-bulk]");
    if (!button) return;
    event.preventDefault();
    const form = document.getElementById("chosen");
    const who = all ? `all=1&${form.dataset.all}` : new URLSearchParams(new FormData(form)).toString();
    desk.open(`${button.getAttribute("formaction")}?${who}`, button);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.matches?.(".l-part")) all = false;
    if (event.target.closest?.(".l-part")) show();
  });

  const words = document.currentScript.dataset;
  desk.keys.add("x", words.choose, () => {
    const box = document.activeElement.closest("#chosen tr")?.querySelector(".cb");
    if (!box) return;
    box.checked = !box.checked;
    last = box;
    show();
  });
  desk.keys.add("Escape", words.none, () => {
    all = false;
    choose(boxes(), false);
  });
  show();
}
